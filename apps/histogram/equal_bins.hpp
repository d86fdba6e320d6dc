// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

namespace histogram {

/// The smallest and the largest of some values, at first of none.
struct value_range {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();

  bool is_empty() const { return low > high; }

  /// Of the values of both.
  friend value_range operator+(const value_range& one, const value_range& other) {
    return {.low = std::min(one.low, other.low), .high = std::max(one.high, other.high)};
  }

  bool operator==(const value_range&) const = default;
};

/// Bins of equal width over a range: bin k holds the values from edge(k) to below edge(k + 1), the
/// last one its upper edge too.
struct equal_bins {
  value_range range;    ///< low < high, and high - low is finite
  std::uint32_t n = 1;  ///< at least 1

  double edge(std::uint32_t k) const {
    return k == n ? range.high : range.low + k * ((range.high - range.low) / n);
  }

  /// What `bin_of` says of values below and above the range.
  std::uint32_t below() const { return n; }

  std::uint32_t above() const { return n + 1; }

  /// The bin that holds `value`; what the edges say counts, not what a division rounds to.
  std::uint32_t bin_of(double value) const {
    if (value < range.low) return below();
    if (value > range.high) return above();
    const double guess = std::floor((value - range.low) / (range.high - range.low) * n);
    auto bin = static_cast<std::uint32_t>(std::min<double>(guess, n - 1));
    while (bin > 0 && value < edge(bin)) --bin;
    while (bin + 1 < n && value >= edge(bin + 1)) ++bin;
    return bin;
  }
};

}  // namespace histogram
