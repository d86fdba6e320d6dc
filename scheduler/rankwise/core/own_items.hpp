// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/types.hpp>
#include <rankwise/core/work_left.hpp>

#include <cstdint>
#include <vector>

namespace rankwise::core {

/// The items of a call that are still to be handed out, where each belongs to one rank: the first
/// to the rank `first_worker`, and so on.
class own_items {
 public:
  own_items(std::uint64_t n_items, std::uint32_t first_worker)
      : first_worker_(first_worker), is_left_(n_items, char{1}), count_(n_items) {}

  /// Items.
  std::uint64_t count() const { return count_; }

  /// The item of `rank`; none if it has none, or it is out. It may have been out before: `again`.
  unassigned_items take(rank_id rank, bool again) {
    const std::uint64_t index = to_index(rank) - first_worker_;
    if (index >= is_left_.size() || is_left_[index] == 0) return {};  // or before the first worker
    is_left_[index] = 0;
    --count_;
    return {{index, 1}, 0, root_rank, again};
  }

  void put_back(item_range items) {
    for (std::uint64_t index = items.first; index != items.end(); ++index) is_left_[index] = 1;
    count_ += items.count;
  }

 private:
  std::uint32_t first_worker_;
  std::vector<char> is_left_;
  std::uint64_t count_;
};

}  // namespace rankwise::core
