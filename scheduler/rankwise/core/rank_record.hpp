// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/types.hpp>

#include <algorithm>
#include <cstdint>

namespace rankwise::core {

/// Recent work, from which a speed follows: older work is forgotten with a half-life, so that the
/// speed follows a rank that heats up, and stays the mean of at least 64 items.
struct recent_work {
  double items = 0;
  double seconds = 0;

  void add(std::uint64_t count, duration elapsed, double half_life_seconds) {
    constexpr double items_at_least = 64;
    constexpr double fastest = 1e-10;  // seconds an item: a clock may show none
    items += static_cast<double>(count);
    seconds += std::max(std::chrono::duration<double>(elapsed).count(),
                        fastest * static_cast<double>(count));
    if (seconds > half_life_seconds && items > 2 * items_at_least) {
      items /= 2;
      seconds /= 2;
    }
  }
};

/// What the coordinator knows of one rank.
struct rank_record {
  bool active = false;  ///< it has joined, and was not lost since
  bool gone = false;    ///< lost for good
  bool queued = false;  ///< it stands in the queue of ranks that may be given work
  bool waits = false;   ///< for a place
  incarnation_number incarnation = 0;
  std::uint32_t chunks_out = 0;  ///< given to it and not finished
  std::uint64_t items_out = 0;
  std::uint64_t items_granted = 0;  ///< for the first time, not again
  std::uint64_t items_done = 0;
  duration busy{};         ///< spent in tasks, over the whole call
  duration first_start{};  ///< when its first task began
  duration last_done{};    ///< when its last task was known to be done
  recent_work recent;

  /// Notes that `count` items took `elapsed`.
  void measure(std::uint64_t count, duration elapsed, duration now) {
    constexpr double half_life_seconds = 2;
    if (items_done == 0) first_start = now - elapsed;
    last_done = now;
    items_done += count;
    busy += elapsed;
    recent.add(count, elapsed, half_life_seconds);
  }
};

}  // namespace rankwise::core
