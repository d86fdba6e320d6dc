// SPDX-License-Identifier: MIT
#pragma once

#include "inference/plan/problem.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <utility>
#include <vector>

namespace rankwise::inference {

/// Where blocks of operators end: at the given cuts, or, of a model of more operators than `most`,
/// at places where little travels, about as far from each other in time.
inline std::vector<std::size_t> block_ends(const plan_problem& problem,
                                           const plan_limits& limits,
                                           std::size_t most) {
  const std::size_t n = problem.operators.size();
  std::vector<std::size_t> ends = limits.cuts;
  if (ends.empty() && n <= most) {
    ends.resize(n);
    std::iota(ends.begin(), ends.end(), std::size_t{1});
    return ends;
  }
  if (ends.empty()) {
    const std::vector<double>& seconds = problem.ranks.front().seconds;
    const double all = std::accumulate(seconds.begin(), seconds.end(), 0.0);
    double upto = 0;
    std::size_t best = 0;  // of those since the last end
    for (std::size_t i = 0; i + 1 < n; ++i) {
      upto += seconds[i];
      if (best == 0 || problem.live_bytes[i + 1] <= problem.live_bytes[best]) best = i + 1;
      const double share = all * static_cast<double>(ends.size() + 1) / static_cast<double>(most);
      if (upto < share || ends.size() + 1 >= most) continue;
      ends.push_back(best);
      best = 0;
    }
  }
  ends.push_back(n);
  return ends;
}

/// The problem with a block of operators as one.
inline plan_problem in_blocks(const plan_problem& problem, const std::vector<std::size_t>& ends) {
  plan_problem blocks = problem;
  blocks.operators.clear();
  blocks.live_bytes = {problem.live_bytes.front()};
  for (rank_profile& rank : blocks.ranks) rank.seconds.clear();
  std::size_t first = 0;
  for (const std::size_t last : ends) {
    operator_cost cost;
    for (std::size_t i = first; i < last; ++i) {
      cost.weight_bytes += problem.operators[i].weight_bytes;
      cost.activation_bytes =
          std::max(cost.activation_bytes, problem.operators[i].activation_bytes);
    }
    blocks.operators.push_back(cost);
    blocks.live_bytes.push_back(problem.live_bytes[last]);
    for (std::size_t rank = 0; rank < blocks.ranks.size(); ++rank) {
      const std::vector<double>& seconds = problem.ranks[rank].seconds;
      blocks.ranks[rank].seconds.push_back(
          std::accumulate(seconds.begin() + static_cast<std::ptrdiff_t>(first),
                          seconds.begin() + static_cast<std::ptrdiff_t>(last),
                          0.0));
    }
    first = last;
  }
  return blocks;
}

/// A plan for blocks as stages of operators.
inline std::vector<stage_placement> in_operators(const plan& of_blocks,
                                                 const std::vector<std::size_t>& ends) {
  std::vector<stage_placement> stages;
  for (const planned_stage& stage : of_blocks.stages) {
    stage_placement& made = stages.emplace_back();
    made.first = stage.first == 0 ? 0 : ends[stage.first - 1];
    made.last = ends[stage.last - 1];
    for (const seat_cost& seat : stage.seats) made.ranks.push_back(seat.rank);
  }
  return stages;
}

}  // namespace rankwise::inference
