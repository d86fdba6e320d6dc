// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/engine/start_up/identity.hpp>
#include <rankwise/process/launcher.hpp>
#include <rankwise/transport/alone.hpp>

#include <fmt/core.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

namespace rankwise::engine {

/// While it lives, this rank lets the launcher know that it is there and not in the job yet.
class start_up_heartbeat {
 public:
  explicit start_up_heartbeat(const launcher_line& launcher)
      : thread_([this, launcher] { tell(launcher); }) {}

  start_up_heartbeat(const start_up_heartbeat&) = delete;
  start_up_heartbeat& operator=(const start_up_heartbeat&) = delete;
  start_up_heartbeat(start_up_heartbeat&&) = delete;
  start_up_heartbeat& operator=(start_up_heartbeat&&) = delete;

  ~start_up_heartbeat() {
    {
      const std::lock_guard held(lock_);
      is_over_ = true;
    }
    over_.notify_one();
    thread_.join();
  }

 private:
  void tell(const launcher_line& launcher) {
    constexpr auto interval = std::chrono::seconds(1);
    const std::string words =
        fmt::format("{} {} {}", launcher_words::starting, launched_rank().value_or(0), this_host());
    std::unique_lock held(lock_);
    do {
      launcher.say(words);
    } while (!over_.wait_for(held, interval, [this] { return is_over_; }));
  }

  std::mutex lock_;
  std::condition_variable over_;
  bool is_over_ = false;
  std::thread thread_;  // last: it uses the others
};

}  // namespace rankwise::engine
