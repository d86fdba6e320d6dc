// SPDX-License-Identifier: MIT
#pragma once

#include "rsa_keygen/openssl.hpp"
#include "rsa_keygen/operations.hpp"

#include <stdexcept>
#include <string>

namespace rsa_keygen {

/// A key whose two halves do not work together.
class exercise_error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Uses the key as its owner will: signs a random message and verifies it, sees that a changed
/// message does not verify, encrypts (OAEP) and decrypts, and compares.
///
/// Local.
/// Throws: exercise_error if an answer is wrong; openssl_error if OpenSSL refuses an operation.
inline void exercise(const pkey& private_key, const pkey& public_key) {
  constexpr std::size_t message_bytes = 32;  // OAEP with SHA-256 leaves 62 in a key of 1024 bits
  secret_bytes message = random_secret(message_bytes);

  const std::string signature = sign(private_key, view(message));
  if (!verifies(public_key, {.message = view(message), .signature = signature})) {
    throw exercise_error("the key's signature does not verify");
  }
  const std::string encrypted = encrypt(public_key, view(message));
  if (decrypt(private_key, encrypted) != message) {
    throw exercise_error("the key does not decrypt what was encrypted for it");
  }
  message.front() = static_cast<char>(message.front() ^ 1);
  if (verifies(public_key, {.message = view(message), .signature = signature})) {
    throw exercise_error("the key's signature verifies for another message");
  }
}

}  // namespace rsa_keygen
