// SPDX-License-Identifier: MIT
#pragma once

#include "inference/graph.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace rankwise::inference {

/// Where each value of a graph lies in one piece of memory, in bytes: values that are not needed at
/// the same time may share a place.
struct buffer_plan {
  std::vector<std::size_t> at;  ///< of each value
  std::size_t n_bytes = 0;
};

/// Places values one after the other, largest first, each at the lowest place that is free while it
/// is needed. Behind each are `slack` bytes, since XNNPACK reads past the end of its inputs; places
/// are multiples of 64.
///
/// Source: greedy by size, as in Pisarchyk and Lee, "Efficient Memory Management for Deep Neural
/// Net Inference" (2020).
inline buffer_plan plan_buffers(const graph& part, std::size_t slack) {
  struct need {
    std::uint32_t value = 0;
    std::size_t n_bytes = 0;
    std::size_t first = 0;  // operator that makes it, plus one; 0: it comes from outside
    std::size_t last = 0;
  };

  const std::size_t n_steps = part.operators.size();
  std::vector<need> needs(part.values.size());
  std::vector<bool> is_used(part.values.size());
  for (std::uint32_t value = 0; value < needs.size(); ++value) {
    const std::size_t aligned = (n_bytes(part.values[value]) + slack + 63) / 64 * 64;
    needs[value] = {value, aligned, n_steps + 1, 0};
  }
  const auto use = [&](std::uint32_t value, std::size_t step) {
    is_used[value] = true;
    needs[value].first = std::min(needs[value].first, step);
    needs[value].last = std::max(needs[value].last, step);
  };
  for (const std::uint32_t value : part.inputs) use(value, 0);
  for (std::size_t step = 0; step < n_steps; ++step) {
    for (const std::uint32_t value : part.operators[step].inputs) use(value, step + 1);
    use(part.operators[step].output, step + 1);
  }
  for (const std::uint32_t value : part.outputs) use(value, n_steps + 1);

  std::erase_if(needs, [&](const need& one) { return !is_used[one.value]; });
  std::stable_sort(needs.begin(), needs.end(), [](const need& left, const need& right) {
    return left.n_bytes > right.n_bytes;
  });
  buffer_plan plan;
  plan.at.resize(part.values.size());
  std::vector<need> placed;
  for (const need& next : needs) {
    std::vector<std::pair<std::size_t, std::size_t>> taken;
    for (const need& other : placed) {
      if (other.first <= next.last && next.first <= other.last)
        taken.emplace_back(plan.at[other.value], plan.at[other.value] + other.n_bytes);
    }
    std::sort(taken.begin(), taken.end());
    std::size_t at = 0;
    for (const auto& [begin, end] : taken) {
      if (at + next.n_bytes <= begin) break;
      at = std::max(at, end);
    }
    plan.at[next.value] = at;
    plan.n_bytes = std::max(plan.n_bytes, at + next.n_bytes);
    placed.push_back(next);
  }
  return plan;
}

}  // namespace rankwise::inference
