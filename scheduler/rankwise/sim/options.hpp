// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/coordinator_options.hpp>
#include <rankwise/core/types.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <vector>

namespace rankwise::transport {

/// Something that befalls a rank of a simulated cluster.
struct sim_fault {
  enum class kind {
    kill,    ///< it is gone for good
    freeze,  ///< it does nothing until `until`, and goes on where it was
    cut,     ///< what it sends and is sent arrives after `until`
    slow     ///< tasks that it begins before `until` take ten times as long
  };

  kind what = kind::kill;
  rank_id rank{1};  ///< the root can be frozen, nothing else
  core::duration at{};
  core::duration until{};
};

/// A simulated cluster and what it is to do.
struct sim_options {
  core::coordinator_options call;  ///< the root does not work here: `first_worker` is taken as 1
  std::function<core::duration(std::uint64_t index)> item_time;           ///< on a rank of speed 1
  std::function<double(rank_id)> speed;                                   ///< none: 1 for each rank
  std::function<bool(std::uint64_t index, std::uint32_t attempt)> fails;  ///< none: no task throws
  std::function<bool(std::uint64_t index)> kills;  ///< none: no task ends its rank; the root's too
  core::duration task_limit{};                     ///< a task that takes longer has failed; 0: none
  bool settle = false;             ///< tasks ask to be told whether their result counts
  core::duration latency{20'000};  ///< of each message
  core::duration
      jitter{};  ///< up to that much more, by chance; the order between two ranks is kept
  core::duration report_interval{100'000'000};
  std::vector<sim_fault> faults;
  std::uint64_t seed = 1;
  core::duration give_up_at = std::chrono::hours(24 * 365);  ///< of virtual time
};

}  // namespace rankwise::transport
