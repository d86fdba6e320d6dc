// SPDX-License-Identifier: MIT
#include "rsa_keygen/make_key.hpp"

#include <rankwise/error.hpp>

#include "catch.hpp"
#include "file_contents.hpp"
#include "rsa_keygen/exercise.hpp"
#include "rsa_keygen/key.hpp"
#include "rsa_keygen/key_engine.hpp"
#include "rsa_keygen/sealed_key.hpp"
#include "temporary_directory.hpp"

#include <openssl/evp.h>

#include <set>
#include <string>

using rankwise::test::temporary_directory;
using rsa_keygen::fingerprint;
using rsa_keygen::key_request;
using rsa_keygen::public_der;
using names = std::set<std::string>;

TEST_CASE("a key that stays is on the disk once its file is published") {
  const temporary_directory parent;
  const std::string keys = parent / "keys";
  const key_request request{.directory = keys, .count = 9, .bits = 1024, .exercise = true};
  auto made = rsa_keygen::make_key(request, 7);
  CHECK(made.result.bits == 1024);
  CHECK(made.result.seconds > 0);
  CHECK(made.result.cores >= 1);
  CHECK(made.result.sealed.pem.empty());
  CHECK(fingerprint(public_der(rsa_keygen::read_public(made.result.public_pem))) ==
        made.result.fingerprint);
  REQUIRE(made.file != nullptr);
  CHECK(std::filesystem::is_empty(keys));

  made.file->publish();
  const auto key = rsa_keygen::read_private(rsa_keygen::test::read(keys + "/key-000007.pem"));
  CHECK(fingerprint(public_der(key)) == made.result.fingerprint);
  CHECK(rsa_keygen::test::mode(keys + "/key-000007.pem") == 0600);
  CHECK(rsa_keygen::test::mode(keys) == 0700);
  CHECK_THROWS_AS(rsa_keygen::make_key(request, 7), rankwise::config_error);
}

TEST_CASE("a key that is not wanted leaves no file") {
  const temporary_directory directory;
  {
    const auto made =
        rsa_keygen::make_key({.directory = directory.path(), .count = 1, .bits = 1024}, 0);
  }
  CHECK(directory.names().empty());
}

TEST_CASE("a key that is gathered touches no disk, and the root alone can read it") {
  const temporary_directory parent;
  const auto recipient = rsa_keygen::generate(1024);
  const auto made =
      rsa_keygen::make_key({.directory = parent / "keys",
                            .count = 1,
                            .bits = 1024,
                            .recipient = rsa_keygen::public_pem(public_der(recipient))},
                           0);
  CHECK(made.file == nullptr);
  CHECK(parent.names().empty());
  CHECK(fingerprint(public_der(rsa_keygen::unseal(made.result.sealed, recipient))) ==
        made.result.fingerprint);
}

TEST_CASE("each engine makes keys that can be used") {
  const auto engine = GENERATE(rsa_keygen::key_engine::openssl, rsa_keygen::key_engine::nettle);
#ifndef RSA_KEYGEN_HAS_NETTLE
  if (engine == rsa_keygen::key_engine::nettle) {
    CHECK_THROWS_AS(rsa_keygen::require_engine(engine), rankwise::config_error);
    return;
  }
#endif
  const auto key = rsa_keygen::generate(1024, engine);
  CHECK(EVP_PKEY_get_bits(key.get()) == 1024);
  const rsa_keygen::pkey_context context(EVP_PKEY_CTX_new(key.get(), nullptr));
  CHECK(EVP_PKEY_check(context.get()) == 1);
  const auto public_half = rsa_keygen::read_public(rsa_keygen::public_pem(public_der(key)));
  CHECK_NOTHROW(rsa_keygen::exercise(key, public_half));
  const auto again = rsa_keygen::read_private(rsa_keygen::view(rsa_keygen::private_pem(key)));
  CHECK(EVP_PKEY_eq(key.get(), again.get()) == 1);
}
