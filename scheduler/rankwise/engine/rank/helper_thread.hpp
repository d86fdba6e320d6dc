// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/types.hpp>
#include <rankwise/transport/machine.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>

namespace rankwise::engine {

/// The thread that polls while a long task keeps the computing thread from it.
///
/// It looks every few milliseconds while tasks run, and polls if the computing thread has not for
/// about one; sooner where messages are urgent. It sleeps for good while no task runs.
class helper_thread {
 public:
  /// `poll` takes the lock of the rank, and returns whether anything has come in; `polled_at` is
  /// when the computing thread last polled, and messages are urgent while `n_urgent` is not 0.
  helper_thread(transport::machine& machine,
                std::function<bool()> poll,
                const std::atomic<core::duration::rep>& polled_at,
                const std::atomic<int>& n_urgent)
      : machine_(machine),
        poll_(std::move(poll)),
        polled_at_(polled_at),
        n_urgent_(n_urgent),
        unparked_(machine.new_condition()),
        thread_(machine.start([this] { run(); })) {}

  helper_thread(const helper_thread&) = delete;
  helper_thread& operator=(const helper_thread&) = delete;
  helper_thread(helper_thread&&) = delete;
  helper_thread& operator=(helper_thread&&) = delete;

  ~helper_thread() {
    set(state::over);
    thread_.reset();
  }

  /// The computing thread goes into tasks.
  void tasks_begin() { set(state::in_tasks); }

  /// The computing thread is out of them, and polls itself; it may have been so before.
  void tasks_end() {
    state expected = state::in_tasks;
    state_.compare_exchange_strong(expected, state::out_of_tasks, std::memory_order_release);
  }

 private:
  enum class state : std::uint32_t { out_of_tasks, in_tasks, parked, over };

  static constexpr core::duration long_task = std::chrono::milliseconds(1);
  static constexpr core::duration shortest_round = std::chrono::microseconds(500);
  static constexpr core::duration longest_round = std::chrono::milliseconds(5);

  /// Two ranks on the way of a message that is urgent, and each lets it wait for the sum of these
  /// at most. (A round costs some 15 us of a core.)
  static constexpr core::duration urgent_round = std::chrono::microseconds(600);
  static constexpr core::duration urgent_wait = std::chrono::microseconds(200);

  void set(state next) {
    if (state_.exchange(next) != state::parked) return;
    const std::lock_guard held(parking_);
    unparked_->notify_all();
  }

  void park() {
    state current = state::out_of_tasks;
    if (!state_.compare_exchange_strong(current, state::parked)) return;
    std::unique_lock held(parking_);
    while (state_.load() == state::parked) unparked_->wait(held);
  }

  void run() {
    core::duration round = long_task;
    for (;;) {
      const state current = state_.load(std::memory_order_acquire);
      if (current == state::over) return;
      if (current == state::out_of_tasks) {
        park();
        round = long_task;
        continue;
      }
      const bool is_urgent = n_urgent_.load(std::memory_order_relaxed) != 0;
      machine_.sleep(is_urgent ? std::min(round, urgent_round) : round);
      const core::duration polled_at(polled_at_.load(std::memory_order_relaxed));
      const bool is_due = machine_.now() - polled_at >= (is_urgent ? urgent_wait : long_task);
      if (state_.load(std::memory_order_acquire) == state::in_tasks && is_due && poll_()) {
        round = shortest_round;
      } else {
        round = std::min<core::duration>(round * 5 / 4, longest_round);
      }
    }
  }

  transport::machine& machine_;
  std::function<bool()> poll_;
  const std::atomic<core::duration::rep>& polled_at_;
  const std::atomic<int>& n_urgent_;
  std::atomic<state> state_{state::out_of_tasks};
  std::mutex parking_;
  std::unique_ptr<transport::machine::condition> unparked_;
  std::unique_ptr<transport::machine::thread> thread_;  // last: it uses the others
};

}  // namespace rankwise::engine
