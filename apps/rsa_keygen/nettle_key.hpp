// SPDX-License-Identifier: MIT
#pragma once

#include "rsa_keygen/openssl.hpp"

#include <fmt/format.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <gmp.h>
#include <memory>
#include <nettle/rsa.h>
#include <utility>

namespace rsa_keygen {
namespace nettle_detail {

inline void* allocate(std::size_t size) {
  void* const memory = std::malloc(size);  // NOLINT: what GMP frees must be malloc's
  if (memory == nullptr) std::abort();     // GMP has no way to be told
  return memory;
}

inline void release(void* memory, std::size_t size) {
  OPENSSL_cleanse(memory, size);
  std::free(memory);  // NOLINT
}

inline void* reallocate(void* old, std::size_t old_size, std::size_t size) {
  void* const memory = allocate(size);
  std::memcpy(memory, old, std::min(old_size, size));
  release(old, old_size);
  return memory;
}

/// Has GMP overwrite its numbers in memory before it gives them back, from the first call on.
inline void cleanse_numbers() {
  static const bool done = [] {
    mp_set_memory_functions(allocate, reallocate, release);
    return true;
  }();
  static_cast<void>(done);
}

/// Random bytes for nettle, which can't be told of a failure: without them no key may be made.
inline void draw(void* /*context*/, std::size_t size, std::uint8_t* to) {
  if (RAND_priv_bytes(to, static_cast<int>(size)) == 1) return;
  std::fputs("rsa_keygen: cannot get random bytes\n", stderr);
  std::abort();
}

/// A key pair while nettle works on it.
class key_pair {
 public:
  key_pair() {
    rsa_public_key_init(&public_half);
    rsa_private_key_init(&private_half);
  }

  key_pair(const key_pair&) = delete;
  key_pair& operator=(const key_pair&) = delete;
  key_pair(key_pair&&) = delete;
  key_pair& operator=(key_pair&&) = delete;

  ~key_pair() {
    rsa_private_key_clear(&private_half);
    rsa_public_key_clear(&public_half);
  }

  rsa_public_key public_half;    // NOLINT: filled by nettle
  rsa_private_key private_half;  // NOLINT
};

using number = std::unique_ptr<BIGNUM, releaser<BN_clear_free>>;
using parameter_builder = std::unique_ptr<OSSL_PARAM_BLD, releaser<OSSL_PARAM_BLD_free>>;
using parameters = std::unique_ptr<OSSL_PARAM, releaser<OSSL_PARAM_free>>;

/// A number of GMP's as one of OpenSSL's, which is overwritten with all its copies when it is
/// freed.
inline number to_openssl(const mpz_t from) {
  secret_bytes bytes((mpz_sizeinbase(from, 2) + 7) / 8);
  std::size_t size = 0;
  mpz_export(bytes.data(), &size, 1, 1, 1, 0, from);
  number to(BN_secure_new());
  require(
      to != nullptr && BN_bin2bn(octets(view(bytes)), static_cast<int>(size), to.get()) != nullptr,
      "cannot copy a number");
  return to;
}

/// The same key pair for OpenSSL. Throws: openssl_error.
inline pkey to_openssl(const key_pair& made) {
  const rsa_private_key& key = made.private_half;
  const std::array<std::pair<const char*, number>, 8> numbers{
      {{OSSL_PKEY_PARAM_RSA_N, to_openssl(made.public_half.n)},
       {OSSL_PKEY_PARAM_RSA_E, to_openssl(made.public_half.e)},
       {OSSL_PKEY_PARAM_RSA_D, to_openssl(key.d)},
       {OSSL_PKEY_PARAM_RSA_FACTOR1, to_openssl(key.p)},
       {OSSL_PKEY_PARAM_RSA_FACTOR2, to_openssl(key.q)},
       {OSSL_PKEY_PARAM_RSA_EXPONENT1, to_openssl(key.a)},
       {OSSL_PKEY_PARAM_RSA_EXPONENT2, to_openssl(key.b)},
       {OSSL_PKEY_PARAM_RSA_COEFFICIENT1, to_openssl(key.c)}}};
  const parameter_builder builder(OSSL_PARAM_BLD_new());
  require(builder != nullptr, "cannot encode the private key");
  for (const auto& [name, value] : numbers) {
    require(OSSL_PARAM_BLD_push_BN(builder.get(), name, value.get()) == 1,
            "cannot encode the private key");
  }
  const parameters all(OSSL_PARAM_BLD_to_param(builder.get()));
  const pkey_context context(EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr));
  EVP_PKEY* result = nullptr;
  require(all != nullptr && context != nullptr && EVP_PKEY_fromdata_init(context.get()) == 1 &&
              EVP_PKEY_fromdata(context.get(), &result, EVP_PKEY_KEYPAIR, all.get()) == 1,
          "cannot encode the private key");
  return pkey(result);
}

}  // namespace nettle_detail

/// A new RSA key with public exponent 65537, made by nettle: its primes are proved to be prime, not
/// found probable by rounds of Miller-Rabin.
///
/// Local. Random bytes are OpenSSL's. Numbers are overwritten in memory once used.
/// Source:  rsa_generate_keypair of nettle 3, whose primes follow Maurer's method with
/// Pocklington's
///          theorem (FIPS 186-4, C.6, is of the kind).
/// Throws:  openssl_error.
inline pkey generate_with_nettle(int bits) {
  nettle_detail::cleanse_numbers();
  require(RAND_status() == 1, "cannot get random bytes");
  nettle_detail::key_pair made;
  mpz_set_ui(made.public_half.e, RSA_F4);
  const auto size = static_cast<unsigned int>(bits);
  require(rsa_generate_keypair(&made.public_half,
                               &made.private_half,
                               nullptr,
                               nettle_detail::draw,
                               nullptr,
                               nullptr,
                               size,
                               0) == 1,
          fmt::format("cannot make an RSA key of {} bits", bits));
  return nettle_detail::to_openssl(made);
}

}  // namespace rsa_keygen
