// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/types.hpp>

#include <cstdint>

namespace rankwise::transport {

/// What came of a simulated call.
struct sim_report {
  bool done = false;  ///< the call ended; else nothing more could happen
  core::duration makespan{};
  core::duration
      task_time{};  ///< of the tasks whose results were taken, on the ranks that ran them
  std::uint64_t n_messages = 0;
  std::uint64_t n_events = 0;
  std::uint64_t n_lost = 0;  ///< times that a rank was given up
  std::uint64_t n_settled_wrongly =
      0;                   ///< results that count of which no task was told, or more than one
  bool root_died = false;  ///< of a task: the job is over
  core::duration root_busy{};

  /// Of what could have been done: task time over the workers' time.
  double efficiency(std::uint32_t n_workers) const {
    return static_cast<double>(task_time.count()) /
           (static_cast<double>(n_workers) * static_cast<double>(makespan.count()));
  }
};

}  // namespace rankwise::transport
