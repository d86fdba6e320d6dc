// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/error.hpp>
#include <rankwise/wire/buffer.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <span>
#include <string>
#include <unistd.h>
#include <utility>

namespace rankwise::combine {

/// Records that lie in a spill file.
struct extent {
  std::uint64_t offset = 0;
  std::uint64_t n_bytes = 0;
};

/// A file without a name for what does not fit into memory. The system removes it with the process,
/// however that ends. It is made when the first bytes are written.
///
/// Throws: config_error, naming the directory, if the file can't be made, written or read (a full
/// disk).
class spill_file {
 public:
  explicit spill_file(std::filesystem::path directory) : directory_(std::move(directory)) {}

  spill_file(const spill_file&) = delete;
  spill_file& operator=(const spill_file&) = delete;
  spill_file(spill_file&&) = delete;
  spill_file& operator=(spill_file&&) = delete;

  ~spill_file() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }

  /// The directory of spill files unless the user names another: $TMPDIR, or /tmp.
  static std::filesystem::path default_directory() {
    const char* const named = std::getenv("TMPDIR");
    return named != nullptr && *named != '\0' ? named : "/tmp";
  }

  /// Throws if files can't be made in the directory.
  void check() { open(); }

  extent write(std::span<const std::byte> bytes) {
    open();
    const extent written{size_, bytes.size()};
    while (!bytes.empty()) {
      const ssize_t n =
          ::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(size_));
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) {
        fail(fmt::format("writing {} bytes behind the first {} failed: {}",
                         bytes.size(),
                         size_,
                         std::strerror(n < 0 ? errno : ENOSPC)));
      }
      size_ += static_cast<std::uint64_t>(n);
      bytes = bytes.subspan(static_cast<std::size_t>(n));
    }
    return written;
  }

  /// Fills `target` from `offset` on.
  void read(std::uint64_t offset, std::span<std::byte> target) const {
    while (!target.empty()) {
      const ssize_t n =
          ::pread(descriptor_, target.data(), target.size(), static_cast<off_t>(offset));
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) {
        fail(fmt::format("reading {} bytes at {} failed: {}",
                         target.size(),
                         offset,
                         n < 0 ? std::strerror(errno) : "the file ends there"));
      }
      offset += static_cast<std::uint64_t>(n);
      target = target.subspan(static_cast<std::size_t>(n));
    }
  }

  /// Forgets what lies behind the first `n_bytes`.
  void cut(std::uint64_t n_bytes) {
    if (n_bytes < size_ && ::ftruncate(descriptor_, static_cast<off_t>(n_bytes)) == 0)
      size_ = n_bytes;
  }

  /// Puts the file back to the size that it had, however what is done meanwhile ends.
  class put_back {
   public:
    explicit put_back(spill_file& file) : file_(&file), n_bytes_(file.size()) {}

    put_back(const put_back&) = delete;
    put_back& operator=(const put_back&) = delete;
    put_back(put_back&&) = delete;
    put_back& operator=(put_back&&) = delete;

    ~put_back() { file_->cut(n_bytes_); }

   private:
    spill_file* file_;
    std::uint64_t n_bytes_;
  };

  /// The path by which this process can open the file once more.
  std::string path() const { return fmt::format("/proc/self/fd/{}", descriptor_); }

  /// The number of bytes written so far, less those that were cut off.
  std::uint64_t size() const { return size_; }

 private:
  void open() {
    if (descriptor_ >= 0) return;
    descriptor_ = ::open(directory_.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (descriptor_ >= 0) return;
    if (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL) {
      // A file system without nameless files: one with a name, for as short as can be.
      std::string name = (directory_ / "rankwise-spill-XXXXXX").string();
      descriptor_ = ::mkostemp(name.data(), O_CLOEXEC);
      if (descriptor_ >= 0) {
        ::unlink(name.c_str());
        return;
      }
    }
    fail(fmt::format("no file can be made there: {}", std::strerror(errno)));
  }

  [[noreturn]] void fail(const std::string& what) const {
    throw config_error(fmt::format("spill directory '{}': {}; --spill-dir names another directory",
                                   directory_.string(),
                                   what));
  }

  std::filesystem::path directory_;
  int descriptor_ = -1;
  std::uint64_t size_ = 0;
};

}  // namespace rankwise::combine
