// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/error.hpp>
#include <rankwise/readers/byte_source.hpp>
#include <rankwise/readers/detail/file_promise.hpp>

#include <fmt/core.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <fcntl.h>
#include <span>
#include <string>
#include <sys/stat.h>
#include <sys/types.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace rankwise {

namespace detail {

inline std::int64_t changed_ns_of(const struct stat& status) {
  return std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec;
}

}  // namespace detail

/// A file that this host has, read by pread: copying from the page cache is four times as fast as
/// mapping it, whose every page faults.
class file_source final : public byte_source {
 public:
  /// Throws: config_error, naming the path, if it can't be opened.
  explicit file_source(const std::string& path) : file_source(path, path) {}

  /// The same under another name for messages, and as long as the file is what was promised: one
  /// that is cut, rewritten or added to while a job reads it is an error, not other bytes.
  file_source(const std::string& path, std::string name, file_promise promised = {})
      : name_(std::move(name)),
        promised_(promised),
        descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    if (descriptor_ < 0)
      throw config_error(name_ + ": can't be opened: " + std::generic_category().message(errno));
    (void)::posix_fadvise(descriptor_, 0, 0, POSIX_FADV_SEQUENTIAL);  // advice may be refused
  }

  file_source(const file_source&) = delete;
  file_source(file_source&&) = delete;
  file_source& operator=(const file_source&) = delete;
  file_source& operator=(file_source&&) = delete;

  ~file_source() override { ::close(descriptor_); }

  std::size_t read_at(std::uint64_t offset, std::span<char> target) override {
    static_assert(sizeof(off_t) >= sizeof(offset), "compile with -D_FILE_OFFSET_BITS=64");
    while (true) {
      const ssize_t n_read =
          ::pread(descriptor_, target.data(), target.size(), static_cast<off_t>(offset));
      if (n_read >= 0) {
        // After the bytes have been read, so that they are those of the file that was promised.
        require_promise(offset, n_read == 0);
        return static_cast<std::size_t>(n_read);
      }
      if (errno != EINTR) {
        throw detail::input_error(
            name_, offset, "can't be read: " + std::generic_category().message(errno));
      }
    }
  }

  const std::string& name() const override { return name_; }

 private:
  void require_promise(std::uint64_t offset, bool is_ended) const {
    const bool is_short = is_ended && offset < promised_.n_bytes;
    if (!is_short && !promised_.changed_ns) return;

    struct stat status {};

    const bool is_known = ::fstat(descriptor_, &status) == 0;
    const auto n_bytes = static_cast<std::uint64_t>(status.st_size);
    const bool is_other =
        !is_known ||
        (promised_.changed_ns &&
         (n_bytes != promised_.n_bytes || detail::changed_ns_of(status) != *promised_.changed_ns));
    if (!is_short && !is_other) return;
    throw detail::input_error(
        name_,
        offset,
        n_bytes == promised_.n_bytes
            ? "the file was written to after the job had begun to read it"
            : fmt::format("the file has changed since the job began: it had {} bytes, and has {}",
                          promised_.n_bytes,
                          n_bytes));
  }

  std::string name_;
  file_promise promised_;
  int descriptor_;
};

}  // namespace rankwise
