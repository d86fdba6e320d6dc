// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/random.hpp>

#include "mapreduce/distinct_words.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <vector>

namespace bench {

/// How often each word is to come: the k-th (from 1) in proportion to 1 / k^`zipf`; where `hot` is
/// not 0, the first so often that it takes that share of the bytes.
inline std::vector<double> frequencies(const std::vector<word>& words, double zipf, double hot) {
  std::vector<double> weights(words.size());
  for (std::size_t i = 0; i < weights.size(); ++i)
    weights[i] = 1 / std::pow(static_cast<double>(i + 1), zipf);
  if (hot == 0) return weights;
  double bytes_of_others = 0;
  for (std::size_t i = 1; i < weights.size(); ++i)
    bytes_of_others += weights[i] * static_cast<double>(words[i].n_bytes());
  weights[0] = bytes_of_others * hot / (1 - hot) / static_cast<double>(words[0].n_bytes());
  return weights;
}

/// Draws i with the probability weights[i] / their sum, in constant time.
///
/// Source: Walker's alias method, built as in Vose, "A linear algorithm for generating random
/// numbers with a given distribution", 1991.
class alias_table {
 public:
  /// Shapes: fewer than 2^32 weights, one of them at least > 0.
  explicit alias_table(std::vector<double> weights) : columns_(weights.size()) {
    const double mean =
        std::accumulate(weights.begin(), weights.end(), 0.0) / static_cast<double>(weights.size());
    std::vector<std::uint32_t> low;
    std::vector<std::uint32_t> high;
    for (std::uint32_t i = 0; i < weights.size(); ++i) {
      weights[i] /= mean;
      columns_[i] = {0xFFFFFFFF, i};
      (weights[i] < 1 ? low : high).push_back(i);
    }
    while (!low.empty() && !high.empty()) {
      const std::uint32_t filled = low.back();
      const std::uint32_t giver = high.back();
      low.pop_back();
      constexpr double n_values = 4294967296.0;
      columns_[filled] = {static_cast<std::uint32_t>(weights[filled] * n_values), giver};
      weights[giver] -= 1 - weights[filled];
      if (weights[giver] >= 1) continue;
      high.pop_back();
      low.push_back(giver);
    }
  }

  std::uint32_t operator()(rankwise::random_stream& random) const {
    const auto i = static_cast<std::uint32_t>(random() * std::uint64_t{columns_.size()} >> 32U);
    return random() < columns_[i].own ? i : columns_[i].other;
  }

 private:
  struct column {
    std::uint32_t own;  ///< how much of it is its own, in 2^-32; the rest is `other`'s
    std::uint32_t other;
  };

  std::vector<column> columns_;
};

}  // namespace bench
