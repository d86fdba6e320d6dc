// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/types.hpp>
#include <rankwise/rank.hpp>

#include <cstdint>

namespace rankwise::core {

/// A rank that was given up.
struct loss {
  rank_id rank = root_rank;
  std::uint64_t n_items = 0;  ///< that it held, and that are handed out again
};

/// An item that is not tried again.
struct given_up_item {
  std::uint64_t index = 0;
  std::uint32_t losses = 0;  ///< ranks that were lost while they ran it
  rank_id last = root_rank;  ///< the last of them
};

/// Work for one rank.
struct grant {
  rank_id rank = root_rank;
  incarnation_number incarnation = 0;
  std::uint64_t chunk = 0;
  item_range items;
  bool again = false;  ///< a rank that was lost, or a task that threw, may have run some before
};

/// What becomes of something that a rank reported.
enum class verdict {
  accepted,  ///< it counts: keep the result, or report the failure
  retried,   ///< a failure that does not count: the item will run again
  dropped    ///< late or unwanted: the item is somebody else's now, or the call is over
};

}  // namespace rankwise::core
