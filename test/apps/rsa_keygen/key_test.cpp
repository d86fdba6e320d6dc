// SPDX-License-Identifier: MIT
#include "rsa_keygen/key.hpp"

#include "catch.hpp"
#include "rsa_keygen/exercise.hpp"
#include "rsa_keygen/operations.hpp"
#include "rsa_keygen/sealed_key.hpp"

#include <openssl/evp.h>

#include <string>

using namespace std::string_literals;
using rsa_keygen::view;

namespace {

// Made by `openssl genpkey`; its fingerprint by `openssl pkey -pubin -outform DER | sha256sum`.
constexpr const char* published_key = R"(-----BEGIN PUBLIC KEY-----
MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQD3Eez8ksb0joAOYJjiLum/gq7D
WBClUaBs/gWmyqWkv8/HwGxtA0jAemXwYiP8+POYvYNrDuHpHT8NQGR9uNlEiP6B
SAQoN7zriTsCLcACgrNjus1cBvNeFRfOmT4cXKXyN4H4EPoLTSuKcjpmJPXWRBQm
l8NOatPqen74IT8CswIDAQAB
-----END PUBLIC KEY-----
)";
constexpr const char* published_fingerprint =
    "cfc4d9a446fd558206c4b1b71a89dc5e565b290b0bce2aafe2d1676d855970b5";

rsa_keygen::pkey public_half(const rsa_keygen::pkey& key) {
  return rsa_keygen::read_public(rsa_keygen::public_pem(rsa_keygen::public_der(key)));
}

bool equal(const rsa_keygen::pkey& one, const rsa_keygen::pkey& other) {
  return EVP_PKEY_eq(one.get(), other.get()) == 1;
}

}  // namespace

TEST_CASE("fingerprints and PEM are those of openssl's programs") {
  const rsa_keygen::pkey key = rsa_keygen::read_public(published_key);
  const std::string der = rsa_keygen::public_der(key);
  CHECK(rsa_keygen::fingerprint(der) == published_fingerprint);
  CHECK(rsa_keygen::public_pem(der) == published_key);
}

TEST_CASE("keys have the bits asked for and differ") {
  const rsa_keygen::pkey first = rsa_keygen::generate(1024);
  const rsa_keygen::pkey second = rsa_keygen::generate(1024);
  CHECK(EVP_PKEY_get_bits(first.get()) == 1024);
  CHECK_FALSE(equal(first, second));
}

TEST_CASE("a private key survives PEM, plain and encrypted") {
  const rsa_keygen::pkey key = rsa_keygen::generate(1024);
  const auto plain = rsa_keygen::private_pem(key);
  CHECK(view(plain).starts_with("-----BEGIN PRIVATE KEY-----\n"));
  CHECK(equal(rsa_keygen::read_private(view(plain)), key));

  const std::string passphrase = GENERATE("x"s, "correct horse"s, std::string(1023, 'x'), "a\0b"s);
  const std::string encrypted =
      rsa_keygen::encrypted_pem(key, {.passphrase = passphrase, .iterations = 1000});
  CHECK(encrypted.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"));
  CHECK(equal(rsa_keygen::read_private(encrypted, passphrase), key));
  CHECK_THROWS_AS(rsa_keygen::read_private(encrypted, "wrong"), rsa_keygen::openssl_error);
}

TEST_CASE("errors carry OpenSSL's reason") {
  CHECK_THROWS_WITH(rsa_keygen::generate(17),
                    Catch::Matchers::StartsWith("cannot make an RSA key of 17 bits: error:") &&
                        Catch::Matchers::EndsWith("key size too small"));
  CHECK_THROWS_WITH(rsa_keygen::read_public("nonsense"),
                    Catch::Matchers::StartsWith("cannot read the public key: error:"));
}

TEST_CASE("a good key passes the exercise, halves of two keys do not") {
  const rsa_keygen::pkey key = rsa_keygen::generate(1024);
  const rsa_keygen::pkey other = rsa_keygen::generate(1024);
  CHECK_NOTHROW(rsa_keygen::exercise(key, public_half(key)));
  CHECK_THROWS_AS(rsa_keygen::exercise(key, other), rsa_keygen::exercise_error);
}

TEST_CASE("a signature belongs to one key and one message") {
  const rsa_keygen::pkey key = rsa_keygen::generate(1024);
  const rsa_keygen::pkey other = rsa_keygen::generate(1024);
  const std::string signature = rsa_keygen::sign(key, "message");
  CHECK(rsa_keygen::verifies(key, {.message = "message", .signature = signature}));
  CHECK_FALSE(rsa_keygen::verifies(other, {.message = "message", .signature = signature}));
  CHECK_FALSE(rsa_keygen::verifies(key, {.message = "massage", .signature = signature}));
  CHECK_FALSE(rsa_keygen::verifies(key, {.message = "message", .signature = "short"}));
}

TEST_CASE("what is encrypted for one key is read by that key alone") {
  const rsa_keygen::pkey key = rsa_keygen::generate(1024);
  const rsa_keygen::pkey other = rsa_keygen::generate(1024);
  const std::string encrypted = rsa_keygen::encrypt(key, "message");
  CHECK(view(rsa_keygen::decrypt(key, encrypted)) == "message");
  CHECK(rsa_keygen::encrypt(key, "message") != encrypted);
  CHECK_THROWS_AS(rsa_keygen::decrypt(other, encrypted), rsa_keygen::openssl_error);
}

TEST_CASE("a sealed key is opened by its recipient alone") {
  const rsa_keygen::pkey key = rsa_keygen::generate(1024);
  const rsa_keygen::pkey recipient = rsa_keygen::generate(1024);
  const rsa_keygen::pkey other = rsa_keygen::generate(1024);
  rsa_keygen::sealed_key sealed = rsa_keygen::seal(key, public_half(recipient));
  CHECK(sealed.pem.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"));
  CHECK(equal(rsa_keygen::unseal(sealed, recipient), key));
  CHECK_THROWS_AS(rsa_keygen::unseal(sealed, other), rsa_keygen::openssl_error);
  sealed.wrapped_secret.back() = static_cast<char>(sealed.wrapped_secret.back() ^ 1);
  CHECK_THROWS_AS(rsa_keygen::unseal(sealed, recipient), rsa_keygen::openssl_error);
}
