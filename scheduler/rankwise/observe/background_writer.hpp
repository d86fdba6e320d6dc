// SPDX-License-Identifier: MIT
#pragma once

#include <cerrno>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <poll.h>
#include <string>
#include <string_view>
#include <thread>
#include <unistd.h>
#include <utility>

namespace rankwise::observe {

/// Writes text to a descriptor from a thread of its own: nobody who hands text over waits for
/// those who read it (a stopped terminal, a pipe that is full).
///
/// The destructor waits until all is written. If nobody can read any more, text is dropped.
class background_writer {
 public:
  explicit background_writer(int descriptor) : descriptor_(descriptor) {}

  background_writer(const background_writer&) = delete;
  background_writer& operator=(const background_writer&) = delete;
  background_writer(background_writer&&) = delete;
  background_writer& operator=(background_writer&&) = delete;

  ~background_writer() {
    if (!thread_.joinable()) return;
    {
      const std::lock_guard held(lock_);
      is_over_ = true;
    }
    changed_.notify_one();
    thread_.join();
  }

  /// Writes text that people want to see, however late.
  void write(std::string_view text) { add(text, kept_at_most); }

  /// Writes text that is worth something only now: it is dropped if older text waits.
  void write_passing(std::string_view text) { add(text, passing_at_most); }

 private:
  static constexpr std::size_t kept_at_most = std::size_t{1} << 20U;
  static constexpr std::size_t passing_at_most = 4096;

  void add(std::string_view text, std::size_t bytes_at_most) {
    {
      const std::lock_guard held(lock_);
      if (waiting_.size() + text.size() > bytes_at_most) return;
      waiting_ += text;
      if (!thread_.joinable()) thread_ = std::thread([this] { write_all(); });
    }
    changed_.notify_one();
  }

  void write_all() {
    std::unique_lock held(lock_);
    for (;;) {
      changed_.wait(held, [this] { return is_over_ || !waiting_.empty(); });
      if (waiting_.empty()) return;
      const std::string text = std::exchange(waiting_, {});
      held.unlock();
      write_out(text);
      held.lock();
    }
  }

  void write_out(std::string_view text) const {
    while (!text.empty()) {
      const ssize_t n = ::write(descriptor_, text.data(), text.size());
      if (n >= 0) {
        text.remove_prefix(static_cast<std::size_t>(n));
      } else if (errno == EAGAIN) {  // whoever shares the descriptor has made it so
        pollfd room{descriptor_, POLLOUT, 0};
        ::poll(&room, 1, -1);
      } else if (errno != EINTR) {
        return;
      }
    }
  }

  int descriptor_;
  std::mutex lock_;
  std::condition_variable changed_;
  std::string waiting_;
  bool is_over_ = false;
  std::thread thread_;
};

}  // namespace rankwise::observe
