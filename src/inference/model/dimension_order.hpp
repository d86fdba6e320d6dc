// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace rankwise::inference {

/// Dimensions in another order: dimension i is what was dimension [i]. Empty: as they were.
using dimension_order = std::vector<std::uint32_t>;

/// A shape with its dimensions in that order.
inline std::vector<std::uint64_t> reordered(const std::vector<std::uint64_t>& shape,
                                            const dimension_order& order) {
  if (order.empty()) return shape;
  std::vector<std::uint64_t> result;
  for (const std::uint32_t dimension : order) result.push_back(shape[dimension]);
  return result;
}

/// The order that comes of `first`, and then `next`; empty where that leaves all in its place.
inline dimension_order composed(const dimension_order& first, const dimension_order& next) {
  dimension_order result;
  bool is_changed = false;
  for (std::size_t i = 0; i < next.size(); ++i) {
    result.push_back(first.empty() ? next[i] : first[next[i]]);
    is_changed = is_changed || result.back() != i;
  }
  return is_changed ? result : dimension_order{};
}

/// Whether the order moves nothing but dimensions of size 1: the numbers follow each other as
/// before.
inline bool moves_no_numbers(const std::vector<std::uint64_t>& shape,
                             const dimension_order& order) {
  std::uint32_t last = 0;
  for (const std::uint32_t dimension : order) {
    if (shape[dimension] == 1) continue;
    if (dimension < last) return false;
    last = dimension;
  }
  return true;
}

}  // namespace rankwise::inference
