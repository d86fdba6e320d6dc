// SPDX-License-Identifier: MIT
#pragma once

#include "rsa_keygen/key.hpp"
#include "rsa_keygen/openssl.hpp"
#include "rsa_keygen/operations.hpp"

#include <cstddef>
#include <string>

namespace rsa_keygen {

/// A private key on its way to the root, readable by the root alone.
struct sealed_key {
  std::string wrapped_secret;  ///< a secret for this key alone, OAEP-encrypted for the recipient
  std::string pem;             ///< PKCS#8, AES-256, under that secret
};

/// Seals `key` for the holder of the private half of `recipient`.
///
/// Local. The secret has 256 random bits, so that PBKDF2 need not make it any harder to guess.
inline sealed_key seal(const pkey& key, const pkey& recipient) {
  constexpr std::size_t secret_size = 32;
  constexpr int iterations = 1000;
  const secret_bytes secret = random_secret(secret_size);
  return {.wrapped_secret = encrypt(recipient, view(secret)),
          .pem = encrypted_pem(key, {.passphrase = view(secret), .iterations = iterations})};
}

/// Undoes `seal`. Throws: openssl_error if `sealed` was made for another recipient or was changed.
inline pkey unseal(const sealed_key& sealed, const pkey& recipient) {
  return read_private(sealed.pem, view(decrypt(recipient, sealed.wrapped_secret)));
}

}  // namespace rsa_keygen
