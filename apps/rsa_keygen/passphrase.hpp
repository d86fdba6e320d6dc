// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/error.hpp>

#include "rsa_keygen/openssl.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <fcntl.h>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace rsa_keygen {

/// A passphrase, and what its owner should hear about the place it came from.
struct passphrase {
  secret_bytes text;
  std::string warning;  ///< empty: nothing to say
};

/// OpenSSL's programs read no more than this.
inline constexpr std::size_t longest_passphrase = 1023;

/// Sees that `text` can be a passphrase; `source` begins the complaint.
inline void check_passphrase(std::string_view text, std::string_view source) {
  if (text.empty() || text.size() > longest_passphrase) {
    throw rankwise::config_error(fmt::format("{}: a passphrase of {} bytes; accepted: 1 to {}",
                                             source,
                                             text.size(),
                                             longest_passphrase));
  }
}

/// The first line of `path`, without its line feed, as `openssl -passin file:PATH` reads it.
/// Throws: config_error that begins with `--passphrase-file PATH: `.
inline passphrase passphrase_from_file(const std::string& path) {
  const std::string source = "--passphrase-file " + path;
  const auto refuse = [&] {
    throw rankwise::config_error(
        fmt::format("{}: cannot read it: {}", source, std::generic_category().message(errno)));
  };
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) refuse();
  secret_bytes bytes(longest_passphrase + 1);
  std::size_t filled = 0;
  ssize_t got = 0;
  do {
    got = ::read(file, bytes.data() + filled, bytes.size() - filled);
    if (got > 0) filled += static_cast<std::size_t>(got);
  } while ((got > 0 && filled < bytes.size()) || (got < 0 && errno == EINTR));
  const int reason = errno;

  struct stat status {};

  const bool open_to_others =
      ::fstat(file, &status) == 0 && (status.st_mode & (S_IRWXG | S_IRWXO)) != 0;
  ::close(file);
  errno = reason;
  if (got < 0) refuse();

  bytes.resize(filled);
  bytes.erase(std::find(bytes.begin(), bytes.end(), '\n'), bytes.end());
  check_passphrase(view(bytes), source);
  return {.text = std::move(bytes),
          .warning = open_to_others
                         ? fmt::format("{}: others may read it (chmod 600 {})", source, path)
                         : std::string{}};
}

/// The value of an environment variable.
/// Throws: config_error that begins with `--gather: ` if it is not set.
inline passphrase passphrase_from_variable(const std::string& name) {
  const char* const value = std::getenv(name.c_str());
  if (value == nullptr) {
    throw rankwise::config_error(
        fmt::format("--gather: the variable {} is not set; accepted: a passphrase there, in "
                    "--passphrase-env NAME or in --passphrase-file FILE",
                    name));
  }
  const std::string_view text(value);
  check_passphrase(text, "variable " + name);
  return {.text = secret_bytes(text.begin(), text.end()), .warning = {}};
}

}  // namespace rsa_keygen
