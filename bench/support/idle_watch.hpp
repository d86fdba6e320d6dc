// SPDX-License-Identifier: MIT
#pragma once

#include "support/machine.hpp"

#include <chrono>
#include <cstdint>
#include <thread>

namespace bench {

/// CPU use of this rank, a share of one core, in a window that begins 1.5 s from now: a thread
/// that sleeps looks at the process's clock twice.
class idle_watch {
 public:
  explicit idle_watch(std::uint32_t seconds)
      : thread_([this, seconds] {
          std::this_thread::sleep_for(std::chrono::milliseconds(1500));
          const double cpu_before = process_cpu_s();
          const double begun = wall_s();
          std::this_thread::sleep_for(std::chrono::seconds(seconds));
          use_ = (process_cpu_s() - cpu_before) / (wall_s() - begun);
        }) {}

  double use() {
    thread_.join();
    return use_;
  }

 private:
  double use_ = 0;
  std::thread thread_;  // last: it uses the other
};

}  // namespace bench
