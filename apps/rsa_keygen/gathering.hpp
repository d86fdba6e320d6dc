// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/error.hpp>

#include "rsa_keygen/job.hpp"
#include "rsa_keygen/key.hpp"
#include "rsa_keygen/openssl.hpp"
#include "rsa_keygen/passphrase.hpp"
#include "rsa_keygen/sealed_key.hpp"
#include "rsa_keygen/settings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

namespace rsa_keygen {

/// The root's side of `--gather`: has the ranks seal private keys for a key pair that lives in this
/// process alone, and turns what they send into PKCS#8 under the user's passphrase, which never
/// leaves this process.
class gathering {
 public:
  /// Local: makes the key pair, as strong as the keys that are to come.
  gathering(secret_bytes passphrase, std::int32_t bits)
      : passphrase_(std::move(passphrase)), recipient_(generate(std::max(bits, least_bits))) {}

  /// The public key that ranks seal for, as PEM.
  std::string recipient() const { return public_pem(public_der(recipient_)); }

  /// The private key of `result` as encrypted PKCS#8 PEM.
  /// Throws: openssl_error; std::runtime_error if it is not the private half of the result's public
  /// key.
  std::string encrypted_pem(const key_result& result) const {
    const pkey key = unseal(result.sealed, recipient_);
    if (fingerprint(public_der(key)) != result.fingerprint) {
      throw std::runtime_error("rank " + std::to_string(result.rank) + " (" + result.host +
                               ") sent a private key that does not fit its public key");
    }
    return rsa_keygen::encrypted_pem(key,
                                     {.passphrase = view(passphrase_), .iterations = iterations});
  }

 private:
  static constexpr std::int32_t least_bits = 2048;
  // Some 20 ms a key on a PC. OpenSSL's programs take 2048 by default, too few for a passphrase
  // that someone thought up.
  static constexpr int iterations = 100'000;

  secret_bytes passphrase_;
  pkey recipient_;
};

/// The gathering that the options ask for, if they do.
///
/// Local: warns on stderr of a passphrase that others may read.
/// Throws: rankwise::config_error if there is no passphrase.
inline std::optional<gathering> begin_gathering(const settings& asked) {
  if (!asked.gather) return std::nullopt;
  refuse_passphrase_variable();
  if (asked.passphrase.is_empty()) {
    throw rankwise::config_error(fmt::format(
        "--gather: found no --passphrase, accepted: --passphrase {}", passphrase_source::accepted));
  }
  passphrase given = asked.passphrase.read();
  if (!given.warning.empty()) {
    fmt::print(stderr, "rsa_keygen: warning: {}\n", given.warning);
  }
  return std::optional<gathering>(std::in_place, std::move(given.text), asked.bits);
}

}  // namespace rsa_keygen
