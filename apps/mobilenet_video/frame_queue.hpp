// SPDX-License-Identifier: MIT
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

namespace mobilenet_video {

/// Frames on their way from the thread that films to the one that classifies.
///
/// Local: for one thread at each end.
template <class Frame>
class frame_queue {
 public:
  /// At most `capacity` > 0 frames wait. When they do, `drops_oldest` says whether a new one takes
  /// the place of the oldest, as befits a camera, or waits itself, as befits a file.
  frame_queue(std::size_t capacity, bool drops_oldest)
      : capacity_(capacity), drops_oldest_(drops_oldest) {}

  /// False where nobody wants frames any more.
  bool put(Frame frame) {
    std::unique_lock held(lock_);
    if (!drops_oldest_) changed_.wait(held, [&] { return is_over_ || all_.size() < capacity_; });
    if (is_over_) return false;
    if (all_.size() == capacity_) {
      all_.pop_front();
      ++n_dropped_;
    }
    all_.push_back(std::move(frame));
    changed_.notify_all();
    return true;
  }

  /// No more frames come, or none are wanted; those that wait can still be taken.
  void end() {
    const std::lock_guard held(lock_);
    is_over_ = true;
    changed_.notify_all();
  }

  /// Whether `take` would not wait.
  bool is_ready() const {
    const std::lock_guard held(lock_);
    return is_over_ || !all_.empty();
  }

  /// The oldest frame, once there is one; none at the end.
  std::optional<Frame> take() {
    std::unique_lock held(lock_);
    changed_.wait(held, [&] { return is_over_ || !all_.empty(); });
    if (all_.empty()) return std::nullopt;
    std::optional<Frame> oldest(std::move(all_.front()));
    all_.pop_front();
    changed_.notify_all();
    return oldest;
  }

  std::uint64_t n_dropped() const {
    const std::lock_guard held(lock_);
    return n_dropped_;
  }

 private:
  std::size_t capacity_;
  bool drops_oldest_;
  mutable std::mutex lock_;
  std::condition_variable changed_;
  std::deque<Frame> all_;
  std::uint64_t n_dropped_ = 0;
  bool is_over_ = false;
};

}  // namespace mobilenet_video
