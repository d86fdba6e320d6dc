// SPDX-License-Identifier: MIT
#pragma once

#include "descriptor.hpp"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <fcntl.h>
#include <optional>
#include <poll.h>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace rankwise::launcher {

/// Writes all of a text, and gives up where nobody reads it.
inline void write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = write(fd, text.data(), text.size());
    if (n < 0 && errno != EINTR) return;
    if (n > 0) text.remove_prefix(static_cast<std::size_t>(n));
  }
}

/// Carries what a job prints to the standard output of rankrun, as fast as that takes it. From the
/// first error on it goes nowhere.
class output_carrier {
 public:
  explicit output_carrier(descriptor job) : job_(std::move(job)) {
    fcntl(job_.get(), F_SETFL, O_NONBLOCK);

    struct stat seen {};

    if (fstat(STDOUT_FILENO, &seen) == 0 && S_ISREG(seen.st_mode)) at_once_ = size;
  }

  /// What is waited for: more of the job's, or room for what there is.
  pollfd watched() const {
    return held_.empty() ? pollfd{job_.get(), POLLIN, 0} : pollfd{STDOUT_FILENO, POLLOUT, 0};
  }

  /// Goes on without waiting.
  void carry() {
    if (held_.empty()) {
      held_.resize(size);
      const ssize_t n = read(job_.get(), held_.data(), held_.size());
      held_.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
      if (n == 0) job_.reset();
      if (error_) held_.clear();
    }
    pollfd place{STDOUT_FILENO, POLLOUT, 0};
    if (held_.empty() || poll(&place, 1, 0) <= 0) return;
    const ssize_t n = write(STDOUT_FILENO, held_.data(), std::min(held_.size(), at_once_));
    if (n >= 0) {
      held_.erase(0, static_cast<std::size_t>(n));
    } else if (errno != EINTR && errno != EAGAIN) {
      error_ = errno;
      held_.clear();
    }
  }

  /// Whether nothing is held, and nothing more can come.
  bool is_done() const { return held_.empty() && job_.get() < 0; }

  /// Whether there is something that nobody takes.
  bool is_held_up() const { return !held_.empty(); }

  /// Why what the job has printed is not all written; none where it is, so far.
  std::optional<int> error() const { return error_; }

 private:
  static constexpr std::size_t size = std::size_t{64} << 10U;

  descriptor job_;
  std::string held_;
  std::size_t at_once_ = 4096;  ///< a pipe that has room takes so much without waiting
  std::optional<int> error_;
};

/// Brings the standard input of rankrun to a job, from when it is wanted.
class input_carrier {
 public:
  /// `job` is the writing end of its pipe.
  explicit input_carrier(descriptor job) : job_(std::move(job)) {
    fcntl(job_.get(), F_SETFL, O_NONBLOCK);
  }

  void want() { is_wanted_ = true; }

  /// What is waited for; a negative descriptor: nothing.
  pollfd watched() const {
    if (!is_wanted_ || job_.get() < 0) return {-1, 0, 0};
    if (!held_.empty()) return {job_.get(), POLLOUT, 0};
    return {may_read() ? STDIN_FILENO : -1, POLLIN, 0};
  }

  /// Whether it would read, but for the terminal, whose foreground is another's.
  bool waits_for_foreground() const {
    return is_wanted_ && job_.get() >= 0 && held_.empty() && !may_read();
  }

  /// Goes on, where what is watched is ready.
  void carry() {
    if (held_.empty()) {
      held_.resize(size);
      const ssize_t n = read(STDIN_FILENO, held_.data(), held_.size());
      const bool has_ended = n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN);
      held_.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
      if (has_ended) job_.reset();
    }
    if (held_.empty()) return;
    const ssize_t n = write(job_.get(), held_.data(), held_.size());
    if (n > 0) held_.erase(0, static_cast<std::size_t>(n));
    if (n < 0 && errno != EINTR && errno != EAGAIN) {
      held_.clear();
      job_.reset();
    }
  }

 private:
  static constexpr std::size_t size = std::size_t{64} << 10U;

  /// Who reads from a terminal in the background is stopped.
  static bool may_read() {
    return isatty(STDIN_FILENO) == 0 || tcgetpgrp(STDIN_FILENO) == getpgrp();
  }

  descriptor job_;
  std::string held_;
  bool is_wanted_ = false;
};

}  // namespace rankwise::launcher
