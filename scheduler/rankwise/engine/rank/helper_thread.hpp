// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/types.hpp>
#include <rankwise/transport/backoff.hpp>

#include <atomic>
#include <cstdint>
#include <functional>
#include <thread>
#include <utility>

namespace rankwise::engine {

/// The thread that stands in at the pump while a long task keeps the computing thread from it.
///
/// It looks after the pump every few milliseconds while tasks run, and calls `pump` where nobody
/// has for about one; it sleeps for good while no task runs. `pump` takes the lock that the
/// computing thread pumps under.
class helper_thread {
 public:
  /// `pump` returns whether anything came in.
  explicit helper_thread(std::function<bool()> pump)
      : pump_(std::move(pump)), thread_([this] { stand_by(); }) {}

  helper_thread(const helper_thread&) = delete;
  helper_thread& operator=(const helper_thread&) = delete;
  helper_thread(helper_thread&&) = delete;
  helper_thread& operator=(helper_thread&&) = delete;

  ~helper_thread() {
    set(state::over);
    thread_.join();
  }

  /// The computing thread goes into tasks.
  void tasks_begin() { set(state::in_tasks); }

  /// The computing thread is out of them, and pumps itself.
  void tasks_end() { state_.store(state::out_of_tasks, std::memory_order_release); }

  /// The computing thread has pumped at time `at`.
  void pumped(core::duration at) { pumped_at_.store(at.count(), std::memory_order_relaxed); }

 private:
  enum class state : std::uint32_t { out_of_tasks, in_tasks, parked, over };

  static constexpr core::duration long_task = std::chrono::milliseconds(1);
  static constexpr core::duration shortest_round = std::chrono::microseconds(500);
  static constexpr core::duration longest_round = std::chrono::milliseconds(5);

  void set(state next) {
    if (state_.exchange(next) == state::parked) state_.notify_one();
  }

  void stand_by() {
    core::duration round = long_task;
    for (;;) {
      state current = state_.load(std::memory_order_acquire);
      if (current == state::over) return;
      if (current == state::out_of_tasks) {
        if (state_.compare_exchange_strong(current, state::parked)) state_.wait(state::parked);
        round = long_task;
        continue;
      }
      std::this_thread::sleep_for(round);
      const bool unattended =
          transport::now() - core::duration(pumped_at_.load(std::memory_order_relaxed)) >=
          long_task;
      if (state_.load(std::memory_order_acquire) == state::in_tasks && unattended && pump_()) {
        round = shortest_round;
      } else {
        round = std::min<core::duration>(round * 5 / 4, longest_round);
      }
    }
  }

  std::function<bool()> pump_;
  std::atomic<state> state_{state::out_of_tasks};
  std::atomic<core::duration::rep> pumped_at_{0};
  std::thread thread_;
};

}  // namespace rankwise::engine
