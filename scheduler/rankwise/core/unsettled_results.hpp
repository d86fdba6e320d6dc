// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/types.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace rankwise::core {

/// Results that were accepted, and count once the rank that made them has settled them.
class unsettled_results {
 public:
  explicit unsettled_results(std::size_t n_ranks) : of_rank_(n_ranks) {}

  /// Items.
  std::uint64_t count() const { return count_; }

  /// `rank` has the results of `items` to settle.
  void add(rank_id rank, item_range items) {
    of_rank_[to_index(rank)].push_back(items);
    count_ += items.count;
  }

  /// Takes out the result of item `index`; false if `rank` does not have it to settle.
  bool take(rank_id rank, std::uint64_t index) {
    std::vector<item_range>& ranges = of_rank_[to_index(rank)];
    const auto range = std::find_if(ranges.begin(), ranges.end(), [&](const item_range& items) {
      return items.first <= index && index < items.end();
    });
    if (range == ranges.end()) return false;
    const item_range before{range->first, index - range->first};
    const item_range after{index + 1, range->end() - index - 1};
    ranges.erase(range);
    if (before.count != 0) ranges.push_back(before);
    if (after.count != 0) ranges.push_back(after);
    --count_;
    return true;
  }

  /// Takes out all that `rank` has to settle.
  std::vector<item_range> take_all(rank_id rank) {
    std::vector<item_range> all = std::exchange(of_rank_[to_index(rank)], {});
    for (const item_range& items : all) count_ -= items.count;
    return all;
  }

 private:
  std::vector<std::vector<item_range>> of_rank_;
  std::uint64_t count_ = 0;
};

}  // namespace rankwise::core
