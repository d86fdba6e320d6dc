// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/types.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

namespace rankwise::core {

/// The items of a call that were never handed out, where each has a home: the rank that is to run
/// it, if that can.
///
/// Local: pure but for what is taken. Cost: constant time, but for `take_homeless`, which takes
/// linear time in the ranks.
class homed_items {
 public:
  /// `homes` has the row of each item's home, which may be none of the `n_ranks`.
  homed_items(const std::vector<std::uint32_t>& homes, std::uint32_t n_ranks)
      : left_(std::size_t{n_ranks} + 1), count_(homes.size()) {
    for (std::uint64_t index = 0; index < homes.size(); ++index) {
      std::deque<item_range>& its = left_[std::min(homes[index], n_ranks)];
      if (!its.empty() && its.back().end() == index) {
        ++its.back().count;
      } else {
        its.push_back({index, 1});
      }
    }
  }

  /// Items.
  std::uint64_t count() const { return count_; }

  /// The next items of `rank` that stand side by side; none if it has none.
  item_range take(rank_id rank) {
    if (count_ == 0) return {};
    return cut(left_[to_index(rank)], UINT64_MAX);
  }

  /// Up to `count` items of a home that is not there; none if there are none.
  template <class IsThere>
  item_range take_homeless(std::uint64_t count, IsThere is_there) {
    const std::size_t nowhere = left_.size() - 1;
    for (std::size_t row = 0; row <= nowhere; ++row) {
      if (left_[row].empty() || (row != nowhere && is_there(to_rank(row)))) continue;
      return cut(left_[row], count);
    }
    return {};
  }

 private:
  /// Takes up to `count` of the first items that stand side by side in `its`.
  item_range cut(std::deque<item_range>& its, std::uint64_t count) {
    if (its.empty()) return {};
    item_range& next = its.front();
    const item_range taken{next.first, std::min(count, next.count)};
    next.first += taken.count;
    next.count -= taken.count;
    if (next.count == 0) its.pop_front();
    count_ -= taken.count;
    return taken;
  }

  std::vector<std::deque<item_range>> left_;  // by row; behind them those that have no home
  std::uint64_t count_;
};

}  // namespace rankwise::core
