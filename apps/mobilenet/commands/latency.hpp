// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace mobilenet {

/// The least of `values` that is not below `percent` of them (the nearest rank); 0 where there are
/// none.
inline double percentile(std::vector<double> values, double percent) {
  if (values.empty()) return 0;
  constexpr double whole = 100;
  const double rank = std::ceil(percent / whole * static_cast<double>(values.size()));
  const auto place = static_cast<std::size_t>(std::max(rank, 1.0)) - 1;
  const auto at = values.begin() + static_cast<std::ptrdiff_t>(std::min(place, values.size() - 1));
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

}  // namespace mobilenet
