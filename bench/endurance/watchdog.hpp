// SPDX-License-Identifier: MIT
#pragma once

#include <fmt/format.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

namespace bench {

/// Brings the job down, and says in what, where a step takes longer than `patience`. (A process
/// that aborts makes mpirun end all the others.)
class watchdog {
 public:
  explicit watchdog(std::chrono::seconds patience)
      : patience_(patience), thread_([this] { watch(); }) {}

  watchdog(const watchdog&) = delete;
  watchdog& operator=(const watchdog&) = delete;
  watchdog(watchdog&&) = delete;
  watchdog& operator=(watchdog&&) = delete;

  ~watchdog() {
    {
      const std::lock_guard held(lock_);
      over_ = true;
    }
    changed_.notify_one();
    thread_.join();
  }

  /// The step before is over, and `step` begins.
  void expect(std::string step) {
    {
      const std::lock_guard held(lock_);
      step_ = std::move(step);
      ++n_steps_;
    }
    changed_.notify_one();
  }

 private:
  void watch() {
    std::unique_lock held(lock_);
    while (!over_) {
      const std::uint64_t seen = n_steps_;
      const bool moved =
          changed_.wait_for(held, patience_, [&] { return over_ || n_steps_ != seen; });
      if (moved) continue;
      fmt::print(stderr, "HANG: no end after {} s: {}\n", patience_.count(), step_);
      std::fflush(stderr);
      std::abort();
    }
  }

  std::chrono::seconds patience_;
  std::mutex lock_;
  std::condition_variable changed_;
  std::string step_ = "start";
  std::uint64_t n_steps_ = 0;
  bool over_ = false;
  std::thread thread_;  // last: it uses all the others
};

}  // namespace bench
