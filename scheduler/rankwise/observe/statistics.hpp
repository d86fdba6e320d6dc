// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace rankwise {

/// What a job has done so far.
struct job_statistics {
  std::uint64_t items_done = 0;
  std::uint64_t items_total = 0;
  std::uint64_t failures = 0;
  double elapsed_s = 0;             ///< in calls
  double task_s = 0;                ///< rank-seconds spent in tasks
  std::uint32_t ranks = 0;          ///< that work
  std::uint32_t ranks_at_work = 0;  ///< with something to do just now
  double start_idle_s = 0;          ///< rank-seconds before a rank's first task
  double tail_idle_s = 0;           ///< rank-seconds after a rank's last task
  std::uint64_t messages = 0;
  std::uint64_t calls = 0;
};

}  // namespace rankwise
