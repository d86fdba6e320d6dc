// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <span>
#include <vector>

namespace mobilenet {

/// A class, and how probable it is.
struct scored_class {
  std::size_t number = 0;
  float probability = 0;

  bool operator==(const scored_class&) const = default;
};

/// The `k` most probable classes, or all if there are fewer: the most probable first, of equal ones
/// the first; those that are no number (NaN) last.
inline std::vector<scored_class> most_probable(std::span<const float> probabilities,
                                               std::size_t k) {
  std::vector<std::size_t> numbers(probabilities.size());
  std::iota(numbers.begin(), numbers.end(), std::size_t{0});
  const auto n = static_cast<std::ptrdiff_t>(std::min(k, numbers.size()));
  std::partial_sort(numbers.begin(),
                    numbers.begin() + n,
                    numbers.end(),
                    [&probabilities](std::size_t left, std::size_t right) {
                      const float one = probabilities[left];
                      const float other = probabilities[right];
                      if (std::isnan(one) != std::isnan(other)) return std::isnan(other);
                      if (one > other || one < other) return one > other;
                      return left < right;
                    });
  std::vector<scored_class> best;
  for (auto at = numbers.begin(); at != numbers.begin() + n; ++at)
    best.push_back({*at, probabilities[*at]});
  return best;
}

}  // namespace mobilenet
