// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/rankwise.hpp>

#include "inference/execute/measure.hpp"
#include "inference/graph.hpp"
#include "inference/model/cut_points.hpp"
#include "inference/plan/problem.hpp"
#include "mobilenet/plan/link_probe.hpp"
#include "mobilenet/plan/spread.hpp"
#include "mobilenet/settings.hpp"
#include "mobilenet/stages/memory_use.hpp"
#include "mobilenet/stages/model_stage.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace mobilenet {

namespace inference = rankwise::inference;

/// What a rank has found out about itself.
struct rank_figures {
  std::string host;
  std::vector<double> seconds;  ///< of each operator
};

/// A task that times the operators of a model on its rank.
struct rank_measuring {
  inference::graph skeleton;  ///< of the model: without its weights
  std::uint64_t memory_bytes = 0;
  slow_rank slow;

  rank_figures operator()(rankwise::task_context& context, std::uint32_t /*rank*/) const {
    rank_figures found{context.host(),
                       inference::measure_operators(skeleton, {.memory_bytes = memory_bytes})};
    for (double& seconds : found.seconds) seconds *= slow.factor_of(context.rank());
    give_memory_back();
    return found;
  }
};

/// What travels if the model is cut before each operator: of the first a picture, in bytes unless
/// they are to be floats.
inline std::vector<std::uint64_t> travelling_bytes(const inference::graph& model,
                                                   bool input_is_float) {
  std::vector<std::uint64_t> bytes;
  for (std::size_t position = 0; position <= model.operators.size(); ++position)
    bytes.push_back(inference::live_bytes(model, position));
  if (!input_is_float) bytes.front() /= sizeof(float);
  return bytes;
}

/// A root that does not work (--no-root-work) has no room for any operator.
inline void leave_root_out(const rankwise::pool& pool, inference::plan_problem& problem) {
  if (!pool.options().root_works && problem.ranks.size() > 1)
    problem.ranks.front().memory_bytes = no_room;
}

/// What a plan needs of `model`.
inline inference::plan_problem problem_of(const inference::graph& model, const settings& asked) {
  inference::plan_problem problem;
  for (std::size_t i = 0; i < model.operators.size(); ++i)
    problem.operators.push_back(
        {inference::weight_bytes(model, i), inference::activation_bytes(model, i)});
  problem.live_bytes = travelling_bytes(model, asked.float_input);
  return problem;
}

/// `model` and the ranks of `pool`, as if all were alike: for plans that do not depend on it.
inline inference::plan_problem without_measuring(const rankwise::pool& pool,
                                                 const inference::graph& model,
                                                 const settings& asked) {
  inference::plan_problem problem = problem_of(model, asked);
  const std::vector<double> seconds(model.operators.size(), 1.0);
  problem.ranks.assign(pool.n_ranks(), {"", seconds, asked.memory_bytes});
  leave_root_out(pool, problem);
  return problem;
}

/// `model` and the ranks of `pool` with their links, measured: all that a plan is made from. All
/// ranks are measured at the same time, since they will run at the same time.
inline inference::plan_problem measure_cluster(const rankwise::pool& pool,
                                               const inference::graph& model,
                                               const settings& asked) {
  rankwise::options all = pool.options();
  all.root_works = true;
  all.quiet = true;
  all.on_error = rankwise::on_error_kind::stop;
  const rankwise::pool ranks = pool.with(all);

  inference::plan_problem problem = problem_of(model, asked);
  const rank_measuring measure{inference::skeleton_of(model), asked.memory_bytes, asked.slow};
  std::vector<std::string> hosts;
  for (rank_figures& found : ranks.on_each_rank(measure)) {
    hosts.push_back(found.host);
    problem.ranks.push_back({std::move(found.host), std::move(found.seconds), asked.memory_bytes});
  }
  leave_root_out(pool, problem);
  const link_costs links = measure_links(ranks, hosts);
  problem.same_host = links.same_host;
  problem.network = links.network;
  return problem;
}

}  // namespace mobilenet
