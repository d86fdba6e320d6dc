// SPDX-License-Identifier: MIT
#pragma once

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <array>
#include <cstddef>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace rsa_keygen {

/// A call of OpenSSL that failed; `what()` holds what was tried and OpenSSL's own reasons.
class openssl_error : public std::runtime_error {
 public:
  /// Takes the reasons from this thread's error queue, and leaves the queue empty.
  explicit openssl_error(const std::string& attempt) : std::runtime_error(attempt + reasons()) {}

 private:
  static std::string reasons() {
    std::string text;
    while (const unsigned long code = ERR_get_error()) {
      std::array<char, 256> reason{};
      ERR_error_string_n(code, reason.data(), reason.size());
      text += (text.empty() ? ": " : "; ") + std::string(reason.data());
    }
    return text;
  }
};

/// Throws `openssl_error` unless `succeeded`.
inline void require(bool succeeded, std::string_view attempt) {
  if (!succeeded) throw openssl_error(std::string(attempt));
}

/// Gives an OpenSSL object back by the function that frees its type.
template <auto Free>
struct releaser {
  template <typename Object>
  void operator()(Object* object) const noexcept {
    Free(object);
  }
};

/// A key, private or public. OpenSSL clears the numbers of a private one when it frees it.
using pkey = std::unique_ptr<EVP_PKEY, releaser<EVP_PKEY_free>>;
using pkey_context = std::unique_ptr<EVP_PKEY_CTX, releaser<EVP_PKEY_CTX_free>>;
using digest_context = std::unique_ptr<EVP_MD_CTX, releaser<EVP_MD_CTX_free>>;
using bio = std::unique_ptr<BIO, releaser<BIO_free_all>>;
using pkcs8_info = std::unique_ptr<PKCS8_PRIV_KEY_INFO, releaser<PKCS8_PRIV_KEY_INFO_free>>;
using encrypted_pkcs8 = std::unique_ptr<X509_SIG, releaser<X509_SIG_free>>;

/// Overwrites memory before it gives it back.
template <typename T>
struct cleansing_allocator {
  using value_type = T;

  cleansing_allocator() = default;

  template <typename Other>
  cleansing_allocator(const cleansing_allocator<Other>&) noexcept {}

  T* allocate(std::size_t count) { return std::allocator<T>{}.allocate(count); }

  void deallocate(T* memory, std::size_t count) noexcept {
    OPENSSL_cleanse(memory, count * sizeof(T));
    std::allocator<T>{}.deallocate(memory, count);
  }

  bool operator==(const cleansing_allocator&) const = default;
};

/// Bytes that must not stay in memory: private keys and passphrases. A vector and not a string,
/// because a short string lives inside its object, where no allocator would overwrite it.
using secret_bytes = std::vector<char, cleansing_allocator<char>>;

/// A buffer to write to, cleared when it is freed.
inline bio secret_buffer() {
  bio buffer(BIO_new(BIO_s_secmem()));
  require(buffer != nullptr, "cannot make a buffer");
  return buffer;
}

/// What has been written to `buffer`; valid for as long as the buffer is.
inline std::string_view contents(const bio& buffer) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(buffer.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

/// A buffer to read `bytes` from, which must outlive it.
inline bio reading(std::string_view bytes) {
  bio buffer(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
  require(buffer != nullptr, "cannot make a buffer");
  return buffer;
}

/// The bytes as OpenSSL's functions take them.
inline const unsigned char* octets(std::string_view bytes) noexcept {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

/// The bytes of a secret as a view.
inline std::string_view view(const secret_bytes& bytes) noexcept {
  return {bytes.data(), bytes.size()};
}

}  // namespace rsa_keygen
