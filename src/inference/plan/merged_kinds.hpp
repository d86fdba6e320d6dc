// SPDX-License-Identifier: MIT
#pragma once

#include "inference/plan/problem.hpp"
#include "inference/plan/rank_kinds.hpp"

#include <cstddef>
#include <vector>

namespace rankwise::inference {

/// What a search over some kinds of ranks takes, as `plan_search` goes about it. Numbers that are
/// too large to count are infinite.
struct search_size {
  double n_steps = 0;  ///< ways to have come so far
  double n_rates = 0;  ///< of groups of ranks
  double n_moves = 0;  ///< from ranks that are used to a group that is added
};

search_size size_of(const plan_problem& problem,
                    const plan_limits& limits,
                    const std::vector<rank_kind>& kinds);

/// Whether a search of these kinds is within what `limits` lets it cost.
bool is_searched(const plan_problem& problem,
                 const plan_limits& limits,
                 const std::vector<rank_kind>& kinds);

/// Stages that a plan has at most.
std::size_t most_stages(const plan_problem& problem, const plan_limits& limits);

/// Which ranks a plan may need: those that can hold an operator, and of ranks that are alike but
/// for being slower than others no more than a plan has seats. Exact: nothing is lost without the
/// others.
std::vector<std::size_t> ranks_of_use(const plan_problem& problem, const plan_limits& limits);

/// Kinds that are as few as a search is possible with, and whether some of them hold ranks that are
/// not alike.
struct merged_kinds {
  std::vector<rank_kind> kinds;
  bool is_merged = false;
  bool is_across_hosts = false;  ///< ranks of one host and of another are in one kind
};

/// Merges the kinds that are nearest to each other until the search is within its limits. The times
/// of a kind are the means of its ranks, its memory is the smallest.
merged_kinds merged_to_fit(const plan_problem& problem,
                           const plan_limits& limits,
                           std::vector<rank_kind> kinds);

/// The same kinds with the shortest times of their ranks, and the largest memory: what they can do
/// is no less than what the ranks can.
std::vector<rank_kind> at_their_best(const plan_problem& problem, std::vector<rank_kind> kinds);

/// Both links as fast as the faster one.
plan_problem with_best_links(plan_problem problem);

}  // namespace rankwise::inference
