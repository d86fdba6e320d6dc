// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/types.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace rankwise::core {

/// Which ranks run which stage of a pipeline; source and sink are the root's.
struct pipeline_layout {
  std::vector<std::vector<rank_id>> stages;  ///< the replicas of each; none is empty

  std::uint32_t n_stages() const { return static_cast<std::uint32_t>(stages.size()); }

  /// Places where a stage runs, over all stages.
  std::size_t n_seats() const {
    std::size_t n = 0;
    for (const std::vector<rank_id>& ranks : stages) n += ranks.size();
    return n;
  }

  /// The stages that `rank` runs, in ascending order.
  std::vector<std::uint32_t> stages_of(rank_id rank) const {
    std::vector<std::uint32_t> own;
    for (std::uint32_t stage = 0; stage < n_stages(); ++stage) {
      if (std::find(stages[stage].begin(), stages[stage].end(), rank) != stages[stage].end())
        own.push_back(stage);
    }
    return own;
  }
};

/// One item on its way to a stage; behind the last stage is the sink.
template <class Payload>
struct parcel {
  std::uint32_t stage = 0;
  std::uint64_t item = 0;  ///< its number, from 0 on, in the order of the source
  Payload payload;
  bool is_failed_item = false;  ///< a stage has failed for the item: there is no payload
};

}  // namespace rankwise::core
