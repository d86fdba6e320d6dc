// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/build_mode.hpp>
#include <rankwise/error.hpp>
#include <rankwise/files/spill_file.hpp>

#include <fmt/core.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <span>
#include <string>
#include <sys/types.h>
#include <unistd.h>
#include <utility>

namespace rankwise::combine {

RANKWISE_INLINE spill_file::spill_file(std::string directory) : directory_(std::move(directory)) {}

RANKWISE_INLINE spill_file::~spill_file() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

RANKWISE_INLINE std::string spill_file::default_directory() {
  const char* const named = std::getenv("TMPDIR");
  return named != nullptr && *named != '\0' ? named : "/tmp";
}

RANKWISE_INLINE extent spill_file::write(std::span<const std::byte> bytes) {
  open();
  const extent written{size_, bytes.size()};
  while (!bytes.empty()) {
    const ssize_t n = ::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(size_));
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

RANKWISE_INLINE void spill_file::read(std::uint64_t offset, std::span<std::byte> target) const {
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

RANKWISE_INLINE void spill_file::cut(std::uint64_t n_bytes) {
  if (n_bytes < size_ && ::ftruncate(descriptor_, static_cast<off_t>(n_bytes)) == 0)
    size_ = n_bytes;
}

RANKWISE_INLINE std::string spill_file::path() const {
  return fmt::format("/proc/self/fd/{}", descriptor_);
}

RANKWISE_INLINE void spill_file::open() {
  if (descriptor_ >= 0) return;
  descriptor_ = ::open(directory_.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (descriptor_ >= 0) return;
  if (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL) {
    // A file system without nameless files: one with a name, for as short as can be.
    std::string name = directory_ + "/rankwise-spill-XXXXXX";
    descriptor_ = ::mkostemp(name.data(), O_CLOEXEC);
    if (descriptor_ >= 0) {
      ::unlink(name.c_str());
      return;
    }
  }
  fail(fmt::format("no file can be made there: {}", std::strerror(errno)));
}

RANKWISE_INLINE void spill_file::fail(const std::string& what) const {
  throw config_error(fmt::format(
      "spill directory '{}': {}; --spill-dir names another directory", directory_, what));
}

}  // namespace rankwise::combine
