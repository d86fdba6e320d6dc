// SPDX-License-Identifier: MIT
#pragma once

#include "descriptor.hpp"

#include <algorithm>
#include <array>
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

/// Brings text to a standard stream of rankrun as fast as that takes it, without ever waiting for
/// it. From the first error on the text goes nowhere.
class outlet {
 public:
  static constexpr std::size_t size = std::size_t{64} << 10U;

  explicit outlet(int stream) : stream_(stream) {
    struct stat seen {};

    if (fstat(stream_, &seen) == 0 && S_ISREG(seen.st_mode)) at_once_ = size;
  }

  void add(std::string_view text) {
    if (!error_) held_ += text;
  }

  /// Room, where there is text; a negative descriptor: nothing.
  pollfd watched() const { return {held_.empty() ? -1 : stream_, POLLOUT, 0}; }

  /// Goes on without waiting.
  void carry() {
    pollfd place{stream_, POLLOUT, 0};
    if (held_.empty() || poll(&place, 1, 0) <= 0) return;
    const ssize_t n = write(stream_, held_.data(), std::min(held_.size(), at_once_));
    if (n >= 0) {
      held_.erase(0, static_cast<std::size_t>(n));
    } else if (errno != EINTR && errno != EAGAIN) {
      error_ = errno;
      held_.clear();
    }
  }

  bool is_empty() const { return held_.empty(); }

  /// Whether so much is held that no more should be read for it.
  bool is_full() const { return held_.size() >= size; }

  /// Why not all of the text is written; none where it is, so far.
  std::optional<int> error() const { return error_; }

 private:
  int stream_;
  std::string held_;
  std::size_t at_once_ = 4096;  ///< a pipe that has room takes so much without waiting
  std::optional<int> error_;
};

/// Carries what a job prints to the standard output of rankrun.
class output_carrier {
 public:
  explicit output_carrier(descriptor job) : job_(std::move(job)) {
    fcntl(job_.get(), F_SETFL, O_NONBLOCK);
  }

  /// What is waited for: more of the job's, or room for what there is.
  pollfd watched() const {
    return out_.is_empty() ? pollfd{job_.get(), POLLIN, 0} : out_.watched();
  }

  /// Goes on without waiting.
  void carry() {
    if (out_.is_empty()) {
      std::array<char, outlet::size> buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init)
      const ssize_t n = read(job_.get(), buffer.data(), buffer.size());
      if (n == 0) job_.reset();
      if (n > 0) out_.add({buffer.data(), static_cast<std::size_t>(n)});
    }
    out_.carry();
  }

  /// Whether nothing is held, and nothing more can come.
  bool is_done() const { return out_.is_empty() && job_.get() < 0; }

  /// Whether there is something that nobody takes.
  bool is_held_up() const { return !out_.is_empty(); }

  /// Why what the job has printed is not all written; none where it is, so far.
  std::optional<int> error() const { return out_.error(); }

 private:
  descriptor job_;
  outlet out_{STDOUT_FILENO};
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
