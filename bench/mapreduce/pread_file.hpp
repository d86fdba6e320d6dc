// SPDX-License-Identifier: MIT
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <fcntl.h>
#include <span>
#include <string>
#include <system_error>
#include <unistd.h>

namespace bench {

/// A file that several threads read by pread.
class pread_file {
 public:
  explicit pread_file(const std::string& path)
      : id_(open(path.c_str(), O_RDONLY | O_CLOEXEC)), path_(path) {
    if (id_ < 0) fail();
    n_bytes_ = static_cast<std::uint64_t>(lseek(id_, 0, SEEK_END));
  }

  pread_file(const pread_file&) = delete;
  pread_file& operator=(const pread_file&) = delete;
  pread_file(pread_file&&) = delete;
  pread_file& operator=(pread_file&&) = delete;

  ~pread_file() { close(id_); }

  std::uint64_t n_bytes() const { return n_bytes_; }

  /// What of `target` the file has at `offset`.
  std::span<unsigned char> read(std::uint64_t offset, std::span<unsigned char> target) const {
    std::size_t n_read = 0;
    while (n_read < target.size()) {
      const ssize_t n = pread(
          id_, target.data() + n_read, target.size() - n_read, static_cast<off_t>(offset + n_read));
      if (n < 0) fail();
      if (n == 0) break;
      n_read += static_cast<std::size_t>(n);
    }
    return target.first(n_read);
  }

 private:
  [[noreturn]] void fail() const { throw std::system_error(errno, std::generic_category(), path_); }

  int id_;
  std::string path_;
  std::uint64_t n_bytes_ = 0;
};

}  // namespace bench
