// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/error.hpp>

#include "inference/graph.hpp"
#include "inference/model/layer_cuts.hpp"
#include "inference/plan/evaluate.hpp"
#include "inference/plan/plan_text.hpp"
#include "inference/plan/planner.hpp"
#include "mobilenet/settings.hpp"

#include <fmt/format.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace mobilenet {

namespace inference = rankwise::inference;

/// The memory of a rank that is to run no part of a model, as plan_problem has it: none has room in
/// it.
inline constexpr std::uint64_t no_room = 1;

/// Throws: config_error if options contradict each other.
inline void check_spread(const settings& asked) {
  const bool is_cut = !asked.cut_layers.empty() || !asked.cut_operators.empty();
  const bool is_whole = asked.mode == spread_mode::single || asked.mode == spread_mode::replicas;
  if (!asked.cut_layers.empty() && !asked.cut_operators.empty())
    throw rankwise::config_error("--cut and --cut-operators: one of them is accepted");
  if (is_cut && asked.n_stages != 0)
    throw rankwise::config_error("--stages: a cut says how many there are; leave it out");
  if (is_whole && (is_cut || asked.n_stages != 0))
    throw rankwise::config_error(fmt::format(
        "--mode {}: does not cut the model; accepted with --stages and --cut: pipeline, "
        "hybrid, auto",
        name_of(asked.mode)));
}

/// Where the options have the model cut; empty: wherever it is best.
///
/// Throws: config_error if the numbers are not those of the model.
inline std::vector<std::size_t> cuts_asked_for(const inference::graph& model,
                                               const settings& asked) {
  if (!asked.cut_layers.empty()) return inference::cuts_of_layers(model, asked.cut_layers);
  if (!asked.cut_operators.empty()) return inference::cuts_of_operators(model, asked.cut_operators);
  return {};
}

/// The plans among which `asked` chooses, and the choice: the one of the mode, or for `auto` the
/// fastest, and of those that are about as fast the first in the order of single, replicas,
/// pipeline, hybrid.
///
/// Local: pure. Throws: config_error if there is no such plan, and why.
inline inference::plan_choice choose_plan(const inference::plan_problem& problem,
                                          const inference::graph& model,
                                          const settings& asked) {
  inference::plan_limits limits;
  limits.cuts = cuts_asked_for(model, asked);
  limits.n_stages =
      limits.cuts.empty() ? asked.n_stages : static_cast<std::uint32_t>(limits.cuts.size() + 1);
  const bool is_one_stage = asked.cut_layers.size() == 1 || asked.cut_operators.size() == 1;
  if (is_one_stage) limits.n_stages = 1;
  const bool is_cut = limits.n_stages != 0;

  inference::plan_choice choice;
  for (const inference::operator_node& node : model.operators)
    choice.operators.push_back(node.name);
  const std::string no_memory = "no rank has the memory for all of the model";
  choice.all.push_back(
      {name_of(spread_mode::single), inference::plan_for_one(problem), "the root: " + no_memory});
  choice.all.push_back(
      {name_of(spread_mode::replicas), inference::plan_of_copies(problem), no_memory});
  for (const auto& [mode, most_replicas] :
       {std::pair{spread_mode::pipeline, 1U}, std::pair{spread_mode::hybrid, 0U}}) {
    limits.most_replicas = most_replicas;
    std::optional<inference::plan> best = inference::best_plan(problem, limits);
    const std::string why = best ? "" : inference::why_none(problem, limits);
    choice.all.push_back({name_of(mode), std::move(best), why});
  }

  if (asked.mode != spread_mode::automatic) {
    choice.chosen = static_cast<std::size_t>(asked.mode) - 1;
    const inference::alternative& wanted = choice.all[choice.chosen];
    if (!wanted.what)
      throw rankwise::config_error(fmt::format("--mode {}: {}", wanted.name, wanted.why_none));
    return choice;
  }
  constexpr double clearly = 1.01;
  const std::size_t first = is_cut ? 2 : 0;  // of what has as many stages as asked for
  bool any = false;
  for (std::size_t i = first; i < choice.all.size(); ++i) {
    const inference::alternative& one = choice.all[i];
    if (!one.what) continue;
    if (any && one.what->rate <= choice.all[choice.chosen].what->rate * clearly) continue;
    choice.chosen = i;
    any = true;
  }
  if (!any) throw rankwise::config_error("no plan: " + choice.all.back().why_none);
  return choice;
}

/// The ranks that read pictures, for a plan: those outside the slowest stage, which get pictures as
/// they find the time. None where there are no such ranks: each rank of the first stage then reads
/// those that it gets.
inline std::vector<std::size_t> ranks_that_read(const inference::plan_problem& problem,
                                                const inference::plan& plan) {
  if (plan.n_ranks() == 1) return {};
  std::vector<bool> is_slowest(problem.ranks.size());
  for (const inference::seat_cost& seat : plan.stages[plan.bottleneck].seats)
    is_slowest[seat.rank] = true;
  std::vector<std::size_t> readers;
  for (std::size_t rank = 0; rank < problem.ranks.size(); ++rank) {
    if (!is_slowest[rank] && problem.ranks[rank].memory_bytes != no_room) readers.push_back(rank);
  }
  return readers;
}

}  // namespace mobilenet
