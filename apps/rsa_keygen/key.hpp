// SPDX-License-Identifier: MIT
#pragma once

#include "rsa_keygen/openssl.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace rsa_keygen {

/// A new RSA key with public exponent 65537.
///
/// Local: two primes are sought until found, so the time varies from key to key (coefficient of
/// variation about 0.3 at 1024 bits and 0.5 at 2048). Source:  EVP_RSA_gen of OpenSSL 3, whose
/// search is that of FIPS 186-4, B.3.6. Throws:  openssl_error.
inline pkey generate(int bits) {
  pkey key(EVP_RSA_gen(static_cast<unsigned int>(bits)));
  require(key != nullptr, fmt::format("cannot make an RSA key of {} bits", bits));
  return key;
}

/// The public half as DER (SubjectPublicKeyInfo), which its PEM and its fingerprint are made of.
inline std::string public_der(const pkey& key) {
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key.get(), &der);
  require(size > 0, "cannot encode the public key");
  std::string bytes(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  return bytes;
}

/// The public half as PEM, as `openssl pkey -pubout` prints it.
inline std::string public_pem(std::string_view der) {
  const bio out = secret_buffer();
  require(PEM_write_bio(
              out.get(), PEM_STRING_PUBLIC, "", octets(der), static_cast<long>(der.size())) > 0,
          "cannot write the public key");
  return std::string(contents(out));
}

/// SHA-256 of the public key's DER, 64 hexadecimal digits: what
/// `openssl pkey -pubin -in key.pub -outform DER | sha256sum` prints.
inline std::string fingerprint(std::string_view der) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  require(EVP_Digest(der.data(), der.size(), digest.data(), &size, EVP_sha256(), nullptr) == 1,
          "cannot hash the public key");
  std::string text;
  for (unsigned int i = 0; i < size; ++i) text += fmt::format("{:02x}", digest[i]);
  return text;
}

/// The private key as PKCS#8 PEM, not encrypted.
inline secret_bytes private_pem(const pkey& key) {
  const bio out = secret_buffer();
  require(PEM_write_bio_PKCS8PrivateKey(
              out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1,
          "cannot write the private key");
  const std::string_view pem = contents(out);
  return {pem.begin(), pem.end()};
}

/// How an encrypted private key is protected.
struct protection {
  std::string_view passphrase;  ///< may hold any byte, 1 to 1023 of them
  int iterations = 0;           ///< of PBKDF2
};

/// The private key as encrypted PKCS#8 PEM: AES-256-CBC under PBKDF2 with HMAC-SHA-256 and 16
/// random bytes of salt. `openssl pkey -in` reads it. Source: PBES2 of RFC 8018.
inline std::string encrypted_pem(const pkey& key, const protection& with) {
  constexpr int salt_bytes = 16;
  const pkcs8_info plain(EVP_PKEY2PKCS8(key.get()));
  require(plain != nullptr, "cannot encode the private key");
  const encrypted_pkcs8 encrypted(PKCS8_encrypt(-1,
                                                EVP_aes_256_cbc(),
                                                with.passphrase.data(),
                                                static_cast<int>(with.passphrase.size()),
                                                nullptr,
                                                salt_bytes,
                                                with.iterations,
                                                plain.get()));
  require(encrypted != nullptr, "cannot encrypt the private key");
  const bio out = secret_buffer();
  require(PEM_write_bio_PKCS8(out.get(), encrypted.get()) == 1,
          "cannot write the encrypted private key");
  return std::string(contents(out));
}

/// Reads a private key from PEM; `passphrase` is used only if the PEM is encrypted.
/// Throws: openssl_error also when the passphrase is wrong.
inline pkey read_private(std::string_view pem, std::string_view passphrase = {}) {
  const auto give_passphrase = [](char* buffer, int size, int /*writing*/, void* given) {
    const auto& text = *static_cast<const std::string_view*>(given);
    if (text.size() > static_cast<std::size_t>(size)) return -1;
    std::copy(text.begin(), text.end(), buffer);
    return static_cast<int>(text.size());
  };
  pkey key(PEM_read_bio_PrivateKey(reading(pem).get(), nullptr, give_passphrase, &passphrase));
  require(key != nullptr, "cannot read the private key");
  return key;
}

/// Reads a public key from PEM.
inline pkey read_public(std::string_view pem) {
  pkey key(PEM_read_bio_PUBKEY(reading(pem).get(), nullptr, nullptr, nullptr));
  require(key != nullptr, "cannot read the public key");
  return key;
}

}  // namespace rsa_keygen
