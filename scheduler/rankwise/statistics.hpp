// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

namespace rankwise {

/// The figures of a job's map_reduce calls, over all ranks.
struct map_reduce_statistics {
  std::uint64_t n_emitted = 0;          ///< values emitted by mappers
  std::uint64_t bytes_shuffled = 0;     ///< bytes of records that went to another rank
  std::uint64_t bytes_spilled = 0;      ///< bytes of records that went to disk
  std::uint64_t most_memory_bytes = 0;  ///< of tables and records, on the rank that took most
  std::uint64_t bytes_streamed = 0;     ///< of files that ranks without them read through the root
  std::string streamed_to;              ///< those ranks; empty: none
  double merge_s = 0;  ///< time after the last task, until each key was at its owner

  map_reduce_statistics& operator+=(const map_reduce_statistics& more) {
    n_emitted += more.n_emitted;
    bytes_shuffled += more.bytes_shuffled;
    bytes_spilled += more.bytes_spilled;
    most_memory_bytes = std::max(most_memory_bytes, more.most_memory_bytes);
    bytes_streamed += more.bytes_streamed;
    if (!more.streamed_to.empty()) streamed_to = more.streamed_to;
    merge_s += more.merge_s;
    return *this;
  }
};

/// The stage that held back the last pipeline of a job.
struct pipeline_statistics {
  std::string slowest;  ///< the stage that was busy for most of the time, and its rank; empty: none
  double slowest_busy = 0;  ///< that share of the time, from 0 to 1
};

/// A rank that was lost; it may have come back since.
struct rank_loss {
  std::int32_t rank = 0;
  std::string host;
  double at_s = 0;            ///< when it was lost, since the job began
  std::string why;            ///< the reason, for people
  std::uint64_t n_items = 0;  ///< items that it held, and that were handed out again
};

/// The figures of a job, so far or of all its calls. Times are seconds; rank-seconds are summed
/// over the ranks.
struct job_statistics {
  std::uint64_t items_done = 0;  ///< items done, failed ones among them
  std::uint64_t items_held = 0;  ///< items of those that a journal had
  std::uint64_t items_total = 0;
  std::uint64_t items_thrown_away = 0;  ///< read or done for a stream whose sink had enough
  std::uint64_t failures = 0;
  double elapsed_s = 0;  ///< in calls; what the body does between them is its own
  double rank_s = 0;     ///< rank-seconds of the ranks that calls were to use
  double task_s = 0;     ///< rank-seconds in tasks
  std::uint32_t ranks = 0;
  std::uint32_t ranks_at_work = 0;
  double start_idle_s = 0;  ///< rank-seconds before a rank's first task
  double tail_idle_s = 0;   ///< rank-seconds after a rank's last task
  std::uint64_t messages = 0;
  std::uint64_t calls = 0;
  map_reduce_statistics map_reduce;
  pipeline_statistics pipeline;
  std::vector<rank_loss> losses;  ///< in the order in which they were noticed
};

namespace observe {

/// The share of its rank-seconds that a job spent in tasks, from 0 to 1; 0 before it has any.
inline double efficiency(const job_statistics& job) {
  const double capacity = job.rank_s;
  return capacity > 0 ? std::clamp(job.task_s / capacity, 0.0, 1.0) : 0.0;
}

/// Items a second that were run; 0 before any time has passed.
inline double rate(const job_statistics& job) {
  const auto n_run = static_cast<double>(job.items_done - job.items_held);
  return job.elapsed_s > 0 ? n_run / job.elapsed_s : 0.0;
}

/// The rank-seconds in which no task ran, by what they were spent on.
struct idle_time {
  double start_s = 0;    ///< before a rank's first task
  double tail_s = 0;     ///< after a rank's last task
  double between_s = 0;  ///< between chunks
};

inline idle_time idle(const job_statistics& job) {
  const double all = std::max(0.0, job.rank_s - job.task_s);
  const double start = std::clamp(job.start_idle_s, 0.0, all);
  const double tail = std::clamp(job.tail_idle_s, 0.0, all - start);
  return {start, tail, all - start - tail};
}

}  // namespace observe
}  // namespace rankwise
