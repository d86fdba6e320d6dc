// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/pipeline.hpp>
#include <rankwise/rankwise.hpp>

#include "inference/graph.hpp"
#include "inference/plan/plan_text.hpp"
#include "inference/plan/problem.hpp"
#include "mobilenet/plan/cluster.hpp"
#include "mobilenet/plan/spread.hpp"
#include "mobilenet/plan/spread_model.hpp"
#include "mobilenet/settings.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <string>
#include <utility>
#include <vector>

namespace mobilenet {

namespace inference = rankwise::inference;

/// How a model will be spread over the ranks, and why.
struct planned_run {
  inference::plan_problem problem;
  inference::plan_choice choice;
  bool is_measured = false;  ///< the plan says what to expect

  const inference::alternative& chosen() const { return choice.all[choice.chosen]; }

  const inference::plan& plan() const { return *chosen().what; }
};

/// Measures ranks and links, where the plan depends on it or is to be shown, and plans.
///
/// Throws: config_error if there is no plan.
inline planned_run plan_run(const rankwise::pool& pool,
                            const inference::graph& model,
                            const settings& asked,
                            bool is_shown) {
  const bool is_whole = asked.mode == spread_mode::single || asked.mode == spread_mode::replicas;
  planned_run run;
  run.is_measured = is_shown || (!is_whole && pool.n_ranks() > 1);
  run.problem =
      run.is_measured ? measure_cluster(pool, model, asked) : without_measuring(pool, model, asked);
  run.choice = choose_plan(run.problem, model, asked);
  return run;
}

/// What came, for the plan's own comparison.
inline inference::plan_result result_of(const rankwise::pipeline_report& report, double rate) {
  inference::plan_result result{rate, {}};
  for (const rankwise::seat_report& seat : report.seats) {
    if (seat.n_items == 0) continue;
    result.seats.push_back({seat.stage,
                            rankwise::to_index(seat.rank),
                            seat.busy_s / static_cast<double>(seat.n_items)});
  }
  return result;
}

}  // namespace mobilenet
