// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace rankwise::launcher {

/// Throws what errno says where a call failed that only a broken system lets fail.
inline int checked(int result, const char* call) {
  if (result < 0) throw std::system_error(errno, std::generic_category(), call);
  return result;
}

/// A file descriptor that is closed when this ends.
class descriptor {
 public:
  descriptor() = default;

  explicit descriptor(int fd) : fd_(fd) {}

  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;

  descriptor(descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

  descriptor& operator=(descriptor&& other) noexcept {
    reset();
    fd_ = std::exchange(other.fd_, -1);
    return *this;
  }

  ~descriptor() { reset(); }

  /// -1 where it is closed.
  int get() const { return fd_; }

  void reset() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }

 private:
  int fd_ = -1;
};

/// Both ends of a pipe; programs that are started do not inherit them.
struct pipe_ends {
  descriptor read;
  descriptor write;

  static pipe_ends make() {
    std::array<int, 2> ends{};
    checked(pipe2(ends.data(), O_CLOEXEC), "pipe2");
    return {descriptor(ends[0]), descriptor(ends[1])};
  }
};

}  // namespace rankwise::launcher
