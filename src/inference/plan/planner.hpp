// SPDX-License-Identifier: MIT
#pragma once

#include "inference/plan/problem.hpp"

#include <optional>
#include <string>

namespace rankwise::inference {

/// The plan with the highest rate, of all that there are; among equal ones one with the fewest
/// ranks. None where no rank has the memory.
///
/// Local: pure. Exact, for costs as `evaluate` has them: over all cuts, placements and groups of
/// ranks. Cost: ranks that are alike are interchangeable, so that it grows with the ways to take
/// some of each kind, not with the subsets of ranks; 65 operators on 16 ranks of 3 kinds take some
/// 60 ms. It is exponential in the kinds: where it would cost more than `limits.effort` lets it,
/// kinds that are near to each other are merged, some hundred operators are taken together, and the
/// plan is then improved step by step. Such a plan has a `bound`, which no plan is faster than.
/// Throws: std::invalid_argument if the numbers of the problem do not belong together.
std::optional<plan> best_plan(const plan_problem& problem, const plan_limits& limits = {});

/// All of the model on the root; none where it has no memory for it.
std::optional<plan> plan_for_one(const plan_problem& problem);

/// All of the model on each rank that has the memory; none where none has.
std::optional<plan> plan_of_copies(const plan_problem& problem);

/// Why `best_plan` gave none.
std::string why_none(const plan_problem& problem, const plan_limits& limits);

}  // namespace rankwise::inference
