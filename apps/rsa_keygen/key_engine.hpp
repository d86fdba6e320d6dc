// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/error.hpp>

#include "rsa_keygen/key.hpp"
#include "rsa_keygen/openssl.hpp"
#ifdef RSA_KEYGEN_HAS_NETTLE
#include "rsa_keygen/nettle_key.hpp"
#endif

#include <array>
#include <cstdint>
#include <string_view>

namespace rsa_keygen {

/// The library that searches for a key's primes.
enum class key_engine : std::uint8_t {
  openssl,  ///< probable primes, by the search of FIPS 186-4, B.3.6
  nettle    ///< proved primes, four times as fast
};

/// The names that users know them by, in the order of `key_engine`.
inline constexpr std::array<std::string_view, 2> key_engine_names{"openssl", "nettle"};

/// Sees that this program was built with `engine`.
/// Throws: rankwise::config_error.
inline void require_engine([[maybe_unused]] key_engine engine) {
#ifndef RSA_KEYGEN_HAS_NETTLE
  if (engine == key_engine::nettle) {
    throw rankwise::config_error(
        "--engine: found nettle, accepted: openssl, since this program was built without nettle "
        "(Debian: nettle-dev)");
  }
#endif
}

/// A new RSA key with public exponent 65537.
/// Throws: openssl_error; rankwise::config_error for an engine that this program has not.
inline pkey generate(int bits, key_engine engine) {
  require_engine(engine);
#ifdef RSA_KEYGEN_HAS_NETTLE
  if (engine == key_engine::nettle) return generate_with_nettle(bits);
#endif
  return generate(bits);
}

}  // namespace rsa_keygen
