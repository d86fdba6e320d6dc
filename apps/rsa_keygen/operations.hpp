// SPDX-License-Identifier: MIT
#pragma once

#include "rsa_keygen/openssl.hpp"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>

#include <cstddef>
#include <string>
#include <string_view>

namespace rsa_keygen {

/// `count` random bytes from OpenSSL's generator for secrets.
inline secret_bytes random_secret(std::size_t count) {
  secret_bytes bytes(count);
  require(
      RAND_priv_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(count)) == 1,
      "cannot get random bytes");
  return bytes;
}

/// RSA-PSS with SHA-256 and MGF1-SHA-256, salt as long as the digest (RFC 8017, 8.1).
inline std::string sign(const pkey& private_key, std::string_view message) {
  const digest_context context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* parameters = nullptr;  // belongs to `context`
  require(context != nullptr &&
              EVP_DigestSignInit(
                  context.get(), &parameters, EVP_sha256(), nullptr, private_key.get()) == 1 &&
              EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING) == 1 &&
              EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, RSA_PSS_SALTLEN_DIGEST) == 1,
          "cannot set up signing");
  std::string signature(static_cast<std::size_t>(EVP_PKEY_get_size(private_key.get())), '\0');
  std::size_t size = signature.size();
  require(EVP_DigestSign(context.get(),
                         reinterpret_cast<unsigned char*>(signature.data()),
                         &size,
                         octets(message),
                         message.size()) == 1,
          "cannot sign");
  signature.resize(size);
  return signature;
}

/// A message and what is claimed to be its signature.
struct signed_message {
  std::string_view message;
  std::string_view signature;
};

/// Whether the signature is `sign`'s for this message and the private half of `public_key`.
/// Throws: openssl_error if the check could not be made; a wrong signature is `false`.
inline bool verifies(const pkey& public_key, const signed_message& claim) {
  const digest_context context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* parameters = nullptr;  // belongs to `context`
  require(context != nullptr &&
              EVP_DigestVerifyInit(
                  context.get(), &parameters, EVP_sha256(), nullptr, public_key.get()) == 1 &&
              EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING) == 1 &&
              EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, RSA_PSS_SALTLEN_DIGEST) == 1,
          "cannot set up verifying");
  const bool right = EVP_DigestVerify(context.get(),
                                      octets(claim.signature),
                                      claim.signature.size(),
                                      octets(claim.message),
                                      claim.message.size()) == 1;
  ERR_clear_error();  // a wrong signature leaves its reason there, which is no error of ours
  return right;
}

/// RSA-OAEP with SHA-256 and MGF1-SHA-256 (RFC 8017, 7.1): up to bits / 8 - 66 bytes.
inline std::string encrypt(const pkey& public_key, std::string_view message) {
  const pkey_context context(EVP_PKEY_CTX_new(public_key.get(), nullptr));
  require(context != nullptr && EVP_PKEY_encrypt_init(context.get()) == 1 &&
              EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_OAEP_PADDING) == 1 &&
              EVP_PKEY_CTX_set_rsa_oaep_md(context.get(), EVP_sha256()) == 1,
          "cannot set up encryption");
  std::string encrypted(static_cast<std::size_t>(EVP_PKEY_get_size(public_key.get())), '\0');
  std::size_t size = encrypted.size();
  require(EVP_PKEY_encrypt(context.get(),
                           reinterpret_cast<unsigned char*>(encrypted.data()),
                           &size,
                           octets(message),
                           message.size()) == 1,
          "cannot encrypt");
  encrypted.resize(size);
  return encrypted;
}

/// Undoes `encrypt`.
inline secret_bytes decrypt(const pkey& private_key, std::string_view encrypted) {
  const pkey_context context(EVP_PKEY_CTX_new(private_key.get(), nullptr));
  require(context != nullptr && EVP_PKEY_decrypt_init(context.get()) == 1 &&
              EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_OAEP_PADDING) == 1 &&
              EVP_PKEY_CTX_set_rsa_oaep_md(context.get(), EVP_sha256()) == 1,
          "cannot set up decryption");
  secret_bytes message(static_cast<std::size_t>(EVP_PKEY_get_size(private_key.get())));
  std::size_t size = message.size();
  require(EVP_PKEY_decrypt(context.get(),
                           reinterpret_cast<unsigned char*>(message.data()),
                           &size,
                           octets(encrypted),
                           encrypted.size()) == 1,
          "cannot decrypt");
  message.resize(size);
  return message;
}

}  // namespace rsa_keygen
