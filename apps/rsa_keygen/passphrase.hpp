// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/error.hpp>
#include <rankwise/program.hpp>

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
#include <utility>

namespace rsa_keygen {

/// A passphrase, and what its owner should hear about the place it came from.
struct passphrase {
  secret_bytes text;
  std::string warning;  ///< empty: nothing to say
};

/// OpenSSL's programs read no more than this.
inline constexpr std::size_t longest_passphrase = 1023;

/// Where a passphrase is read from: what `--passphrase` names, in the words of openssl's `-passin`.
class passphrase_source {
 public:
  static constexpr const char* accepted = "file:PATH, fd:N, stdin";

  passphrase_source() = default;

  /// Takes `file:PATH`, `fd:N` or `stdin`. A descriptor is duplicated at once: later the process
  /// has others of its own, and its number may be one of those. Throws: rankwise::config_error,
  /// which never repeats what may be a passphrase.
  explicit passphrase_source(const std::string& text) {
    const auto starts = [&text](std::string_view prefix) { return text.starts_with(prefix); };
    if (starts("pass:")) {
      refuse("pass:...", "; every user of a host can read a command line");
    } else if (starts("env:")) {
      refuse(text, "; every process that the job starts inherits a variable, on every host");
    } else if (text == "stdin") {
      take_descriptor(STDIN_FILENO, text);
    } else if (starts("fd:")) {
      const auto number = rankwise::parse_whole_number<int>(text.substr(3), 0);
      if (number == STDOUT_FILENO || number == STDERR_FILENO) refuse(text, "; 1 and 2 are outputs");
      take_descriptor(number, text);
    } else if (starts("file:") && text.size() > 5) {
      path_ = text.substr(5);
    } else {
      refuse("something else", "");
    }
    name_ = "--passphrase " + text;
  }

  /// Nothing was named.
  bool is_empty() const { return name_.empty(); }

  /// The first line, without its line feed, byte for byte what `openssl -passin` reads there; what
  /// openssl would cut off is refused.
  /// Throws: rankwise::config_error that begins with the option and its value.
  passphrase read() const {
    const int file = path_.empty() ? descriptor_ : ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) fail();

    struct stat status {};

    const bool open_to_others = !path_.empty() && ::fstat(file, &status) == 0 &&
                                (status.st_mode & (S_IRWXG | S_IRWXO)) != 0;
    secret_bytes line = first_line(file);
    if (file != STDIN_FILENO) ::close(file);
    const auto refuse_line = [this](const std::string& found) {
      throw rankwise::config_error(fmt::format(
          "{}: {}; accepted: 1 to {}, none of them NUL", name_, found, longest_passphrase));
    };
    if (line.empty() || line.size() > longest_passphrase) {
      refuse_line(line.size() > longest_passphrase
                      ? fmt::format("a passphrase of more than {} bytes", longest_passphrase)
                      : "a passphrase of 0 bytes");
    }
    if (std::find(line.begin(), line.end(), '\0') != line.end())
      refuse_line("a passphrase with a NUL byte, at which openssl would end it");
    return {.text = std::move(line),
            .warning = open_to_others
                           ? fmt::format("{}: others may read it (chmod 600 {})", name_, path_)
                           : std::string{}};
  }

 private:
  [[noreturn]] static void refuse(std::string_view found, std::string_view why) {
    throw rankwise::config_error(
        fmt::format("--passphrase: found {}, accepted: {}{}", found, accepted, why));
  }

  void take_descriptor(int number, const std::string& text) {
    // Standard input keeps its number, by which rankrun sees that the job waits for it.
    descriptor_ = number == STDIN_FILENO ? number : ::fcntl(number, F_DUPFD_CLOEXEC, 3);
    if (descriptor_ >= 0) return;
    throw rankwise::config_error(
        fmt::format("--passphrase: found {}, which is not open; accepted: {}; mpirun hands on no "
                    "descriptor but "
                    "standard input",
                    text,
                    accepted));
  }

  [[noreturn]] void fail() const {
    throw rankwise::config_error(
        fmt::format("{}: cannot read it: {}", name_, std::generic_category().message(errno)));
  }

  /// Up to the line feed, or the end; one byte more than the longest shows that it is too long.
  secret_bytes first_line(int file) const {
    secret_bytes bytes(longest_passphrase + 1);
    std::size_t filled = 0;
    while (filled < bytes.size()) {
      const ssize_t got = ::read(file, bytes.data() + filled, bytes.size() - filled);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) fail();
      if (got == 0) break;
      filled += static_cast<std::size_t>(got);
      if (std::find(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(filled), '\n') !=
          bytes.begin() + static_cast<std::ptrdiff_t>(filled))
        break;
    }
    bytes.resize(filled);
    bytes.erase(std::find(bytes.begin(), bytes.end(), '\n'), bytes.end());
    return bytes;
  }

  std::string name_;  // the option and its value
  std::string path_;  // empty: a descriptor
  int descriptor_ = -1;
};

/// Throws: rankwise::config_error where the variable of earlier versions holds a passphrase.
inline void refuse_passphrase_variable() {
  constexpr const char* name = "RANKWISE_PASSPHRASE";
  if (std::getenv(name) == nullptr) return;
  throw rankwise::config_error(
      fmt::format("{}: found a passphrase in a variable, accepted: --passphrase {}; every process "
                  "that the job starts inherits a variable, on every host",
                  name,
                  passphrase_source::accepted));
}

}  // namespace rsa_keygen
