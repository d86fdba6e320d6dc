// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/pipeline_layout.hpp>
#include <rankwise/core/types.hpp>
#include <rankwise/pipeline/stage_chain.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace rankwise {

/// Where a stage runs.
struct stage_options {
  std::string name = {};            ///< for messages
  std::uint32_t replicas = 1;       ///< ranks that run it: dealt out in turn, no rank twice
  std::vector<rank_id> ranks = {};  ///< which ones, where it matters; `replicas` is not read then
};

/// A stage, and where it runs.
template <class Callable>
struct pipeline_stage {
  Callable callable;
  stage_options how;
};

/// A stage of a pipeline: a task that takes what the stage before it returns. Where it can be
/// called with nothing, what it returns then is the stage: it is made once on each rank that runs
/// it, and may hold what it needs. On one rank it gets items in the order of the source; replicas
/// get them as they come.
template <class Callable>
pipeline_stage<Callable> stage(Callable callable, stage_options how = {}) {
  return {std::move(callable), std::move(how)};
}

namespace pipelines {

template <class Argument>
struct slot_for {
  using type = engine::stage_slot<Argument, false>;
};

template <class Callable>
struct slot_for<pipeline_stage<Callable>> {
  using type = engine::stage_slot<Callable, false>;
};

template <class Callable>
struct slot_for<std::vector<pipeline_stage<Callable>>> {
  using type = engine::stage_slot<Callable, true>;
};

template <class Argument>
using slot_of = typename slot_for<Argument>::type;

/// An argument of make_pipeline as a stage, or as a vector of such.
template <class Callable>
pipeline_stage<Callable> as_stage(const Callable& callable) {
  return {callable, {}};
}

template <class Callable>
const pipeline_stage<Callable>& as_stage(const pipeline_stage<Callable>& one) {
  return one;
}

template <class Callable>
const std::vector<pipeline_stage<Callable>>& as_stage(
    const std::vector<pipeline_stage<Callable>>& many) {
  return many;
}

/// Gives stages that name no ranks those from `first` to `n_ranks` - 1, in turn.
///
/// Throws: std::invalid_argument where a stage names a rank that is not there or is named twice, or
/// wants none.
inline core::pipeline_layout place_stages(const std::vector<stage_options>& stages,
                                          std::uint32_t first,
                                          std::uint32_t n_ranks) {
  core::pipeline_layout layout;
  std::uint32_t next = 0;
  for (std::size_t number = 0; number < stages.size(); ++number) {
    const stage_options& how = stages[number];
    std::vector<rank_id> ranks = how.ranks;
    if (ranks.empty()) {
      const std::uint32_t n = std::min(how.replicas, n_ranks - first);
      for (std::uint32_t i = 0; i < n; ++i)
        ranks.push_back(to_rank(first + next++ % (n_ranks - first)));
    }
    if (ranks.empty())
      throw std::invalid_argument(
          fmt::format("stage {} has 0 replicas; accepted: 1 or more", number));
    std::sort(ranks.begin(), ranks.end());
    const auto twice = std::adjacent_find(ranks.begin(), ranks.end());
    if (twice != ranks.end()) {
      throw std::invalid_argument(
          fmt::format("stage {} names rank {} twice", number, static_cast<int>(*twice)));
    }
    if (to_index(ranks.back()) >= n_ranks || static_cast<int>(ranks.front()) < 0) {
      throw std::invalid_argument(fmt::format("stage {} names rank {}; accepted: 0 to {}",
                                              number,
                                              static_cast<int>(ranks.back()),
                                              n_ranks - 1));
    }
    layout.stages.push_back(std::move(ranks));
  }
  return layout;
}

}  // namespace pipelines
}  // namespace rankwise
