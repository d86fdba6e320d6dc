// SPDX-License-Identifier: MIT
#include "inference/plan/evaluate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <string>

namespace rankwise::inference {

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

bool is_on_root_host(const plan_problem& problem, std::size_t rank) {
  return problem.ranks[rank].host == problem.ranks.front().host;
}

const link_cost& link_of(const plan_problem& problem, std::size_t rank, link_class what) {
  const bool is_near =
      what == link_class::same_host || (what == link_class::ends && is_on_root_host(problem, rank));
  return is_near ? problem.same_host : problem.network;
}

link_class class_between(const plan_problem& problem,
                         const stage_placement& left,
                         const stage_placement& right) {
  const std::string& host = problem.ranks[left.ranks.front()].host;
  const auto is_there = [&](std::size_t rank) { return problem.ranks[rank].host == host; };
  const bool all = std::all_of(left.ranks.begin(), left.ranks.end(), is_there) &&
                   std::all_of(right.ranks.begin(), right.ranks.end(), is_there);
  return all ? link_class::same_host : link_class::network;
}

void require_whole(const plan_problem& problem, const std::vector<stage_placement>& stages) {
  std::size_t next = 0;
  std::vector<bool> is_taken(problem.ranks.size());
  for (const stage_placement& stage : stages) {
    if (stage.first != next || stage.last <= stage.first || stage.ranks.empty())
      throw std::invalid_argument(
          fmt::format("a stage of operators {} to {} after {}: stages cover all, in order",
                      stage.first,
                      stage.last,
                      next));
    next = stage.last;
    for (const std::size_t rank : stage.ranks) {
      if (rank >= is_taken.size() || is_taken[rank])
        throw std::invalid_argument(fmt::format("rank {} is not there, or has two stages", rank));
      is_taken[rank] = true;
    }
  }
  if (next != problem.operators.size())
    throw std::invalid_argument(
        fmt::format("stages end at operator {} of {}", next, problem.operators.size()));
}

}  // namespace

std::uint64_t memory_of(const plan_problem& problem, std::size_t first, std::size_t last) {
  std::uint64_t weights = 0;
  std::uint64_t most = 0;
  for (std::size_t i = first; i < last; ++i) {
    weights += problem.operators[i].weight_bytes;
    most = std::max(most, problem.operators[i].activation_bytes);
  }
  return weights + most;
}

seat_cost cost_of(const plan_problem& problem,
                  std::size_t rank,
                  std::size_t first,
                  std::size_t last,
                  link_class in,
                  link_class out) {
  const std::vector<double>& seconds = problem.ranks[rank].seconds;
  const link_cost& from = link_of(problem, rank, in);
  const link_cost& to = link_of(problem, rank, out);
  seat_cost cost;
  cost.rank = rank;
  cost.compute_s = std::accumulate(seconds.begin() + static_cast<std::ptrdiff_t>(first),
                                   seconds.begin() + static_cast<std::ptrdiff_t>(last),
                                   0.0);
  cost.in_s = from.seconds(problem.live_bytes[first]);
  cost.out_s = to.seconds(problem.live_bytes[last]);
  const double busy =
      cost.compute_s + (from.overlaps ? 0 : cost.in_s) + (to.overlaps ? 0 : cost.out_s);
  cost.period_s = std::max({busy, from.overlaps ? cost.in_s : 0.0, to.overlaps ? cost.out_s : 0.0});
  return cost;
}

double root_link_rate(const plan_problem& problem, link_class in, link_class out) {
  const auto rate = [&](std::uint64_t n_bytes) {
    return n_bytes == 0 ? infinity : problem.network.bytes_per_s / static_cast<double>(n_bytes);
  };
  return std::min(in == link_class::ends ? rate(problem.live_bytes.front()) : infinity,
                  out == link_class::ends ? rate(problem.live_bytes.back()) : infinity);
}

plan evaluate(const plan_problem& problem, const std::vector<stage_placement>& stages) {
  require_whole(problem, stages);
  plan all;
  all.rate = infinity;
  for (std::size_t i = 0; i < stages.size(); ++i) {
    const stage_placement& stage = stages[i];
    const link_class in = i == 0 ? link_class::ends : class_between(problem, stages[i - 1], stage);
    const link_class out =
        i + 1 == stages.size() ? link_class::ends : class_between(problem, stage, stages[i + 1]);
    planned_stage& made = all.stages.emplace_back();
    made.first = stage.first;
    made.last = stage.last;
    made.memory_bytes = memory_of(problem, stage.first, stage.last);
    double near = 0;
    double far = 0;
    for (const std::size_t rank : stage.ranks) {
      made.seats.push_back(cost_of(problem, rank, stage.first, stage.last, in, out));
      (is_on_root_host(problem, rank) ? near : far) += made.seats.back().rate();
    }
    const double most = root_link_rate(problem, in, out);
    made.rate = near + std::min(far, most);
    if (made.rate < all.rate) {
      all.rate = made.rate;
      all.bottleneck = i;
      all.is_root_link = far > most;
    }
  }
  return all;
}

}  // namespace rankwise::inference
