// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/types.hpp>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <map>

namespace rankwise::core {

/// A set of item indices, kept as the ranges that it consists of.
///
/// Cost: each call is logarithmic in the number of separate ranges, and linear in those that it
/// touches.
class item_set {
 public:
  bool empty() const { return ends_.empty(); }

  bool overlaps(item_range items) const {
    const auto after = ends_.lower_bound(items.end());
    return items.count != 0 && after != ends_.begin() && std::prev(after)->second > items.first;
  }

  /// Whether all of `items` are in the set.
  bool includes(item_range items) const {
    if (items.count == 0) return true;
    const auto after = ends_.upper_bound(items.first);
    return after != ends_.begin() && std::prev(after)->second >= items.end();
  }

  void add(item_range items) {
    if (items.count == 0) return;
    std::uint64_t first = items.first;
    std::uint64_t end = items.end();
    auto next = ends_.upper_bound(end);
    while (next != ends_.begin() && std::prev(next)->second >= first) {
      --next;
      first = std::min(first, next->first);
      end = std::max(end, next->second);
      next = ends_.erase(next);
    }
    ends_.emplace(first, end);
  }

  void remove(item_range items) {
    while (overlaps(items)) {
      const auto last = std::prev(ends_.lower_bound(items.end()));
      const auto [first, end] = *last;
      ends_.erase(last);
      if (first < items.first) ends_.emplace(first, items.first);
      if (end > items.end()) ends_.emplace(items.end(), end);
    }
  }

  /// Calls `visit(range)` for each range that the set consists of, in order.
  template <class Visit>
  void visit(Visit visit) const {
    for (const auto& [first, end] : ends_) visit(item_range{first, end - first});
  }

  /// Items.
  std::uint64_t count() const {
    std::uint64_t n_items = 0;
    visit([&](item_range items) { n_items += items.count; });
    return n_items;
  }

  /// Calls `visit(range)` for each part of `items` that is not in the set, in order.
  template <class Visit>
  void visit_missing(item_range items, Visit visit) const {
    std::uint64_t at = items.first;
    auto next = ends_.upper_bound(at);
    if (next != ends_.begin()) at = std::max(at, std::prev(next)->second);
    while (at < items.end()) {
      const std::uint64_t stop = next == ends_.end() ? items.end() : next->first;
      const std::uint64_t end = std::min(stop, items.end());
      if (at < end) visit(item_range{at, end - at});
      if (next == ends_.end()) return;
      at = next->second;
      ++next;
    }
  }

 private:
  std::map<std::uint64_t, std::uint64_t> ends_;  // the end of each range, by its first
};

}  // namespace rankwise::core
