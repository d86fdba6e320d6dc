// SPDX-License-Identifier: MIT
#pragma once

#include "inference/plan/problem.hpp"

#include <optional>

namespace rankwise::inference {

/// `from`, made faster by small steps at its slowest stage, as long as one helps: another rank, one
/// more, a cut that moves, a stage that is split. Each step keeps the limits.
///
/// Local: pure. A step is tried some thousands of times at most.
plan improved_plan(const plan_problem& problem, const plan_limits& limits, plan from);

/// One rank for each stage, those with the most memory: for the parts between given cuts, the
/// largest part on the rank with the most; else each takes as many operators as it has memory for.
/// None where that does not take all operators.
std::optional<plan> plan_by_memory(const plan_problem& problem, const plan_limits& limits);

}  // namespace rankwise::inference
