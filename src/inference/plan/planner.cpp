// SPDX-License-Identifier: MIT
#include "inference/plan/planner.hpp"

#include "inference/plan/evaluate.hpp"
#include "inference/plan/plan_search.hpp"
#include "inference/plan/rank_kinds.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <utility>

namespace rankwise::inference {

namespace {

/// A plan to begin with, where there is a simple one.
std::optional<plan> first_guess(const plan_problem& problem, const plan_limits& limits) {
  if (!limits.cuts.empty() || limits.n_stages > 1) return std::nullopt;
  return limits.most_replicas == 0 ? plan_of_copies(problem) : plan_for_one(problem);
}

/// No plan can be faster: if each operator is worth the time that it takes the root, this is what
/// all ranks together can be worth in a second at best, over what an item is worth. (The dual of
/// the linear program that spreads each operator freely.)
double bound_of(const plan_problem& problem) {
  const std::vector<double>& worth = problem.ranks.front().seconds;
  double all = 0;
  for (const rank_profile& rank : problem.ranks) {
    double best = 0;
    for (std::size_t i = 0; i < worth.size(); ++i) {
      if (worth[i] == 0) continue;
      if (rank.seconds[i] == 0) return std::numeric_limits<double>::max();
      best = std::max(best, worth[i] / rank.seconds[i]);
    }
    all += best;
  }
  constexpr double rounding = 1 + 1e-9;
  return all / std::accumulate(worth.begin(), worth.end(), 0.0) * rounding;
}

void check(const plan_problem& problem, const plan_limits& limits) {
  const std::size_t n = problem.operators.size();
  constexpr std::size_t most_operators = 10'000;
  if (n == 0 || n > most_operators || problem.ranks.empty())
    throw std::invalid_argument(
        fmt::format("{} operators on {} ranks; accepted: 1 to {} on 1 or more",
                    n,
                    problem.ranks.size(),
                    most_operators));
  if (problem.live_bytes.size() != n + 1)
    throw std::invalid_argument(fmt::format(
        "{} live_bytes for {} operators; accepted: {}", problem.live_bytes.size(), n, n + 1));
  for (const rank_profile& rank : problem.ranks) {
    const bool is_good = rank.seconds.size() == n &&
                         std::all_of(rank.seconds.begin(), rank.seconds.end(), [](double one) {
                           return std::isfinite(one) && one >= 0;
                         });
    if (!is_good || std::accumulate(rank.seconds.begin(), rank.seconds.end(), 0.0) <= 0)
      throw std::invalid_argument(fmt::format(
          "{} times for {} operators on {}; accepted: one for each, none below 0, not all 0",
          rank.seconds.size(),
          n,
          rank.host));
  }
  if (!std::is_sorted(limits.cuts.begin(), limits.cuts.end()) ||
      (!limits.cuts.empty() && (limits.cuts.front() == 0 || limits.cuts.back() >= n)))
    throw std::invalid_argument("cuts are not ascending, or not inside the model");
}

}  // namespace

std::optional<plan> best_plan(const plan_problem& problem, const plan_limits& limits) {
  check(problem, limits);
  plan_search search(problem, limits, kinds_of(problem, limits.tolerance));
  std::optional<plan> best = first_guess(problem, limits);
  if (!best) best = search.find(0);
  if (!best) return std::nullopt;
  // Close from both sides; then step by step from plan to better plan.
  double below = best->rate;
  double above = bound_of(problem);
  constexpr double close = 1.001;
  while (above > below * close) {
    const double middle = std::sqrt(below * above);
    if (std::optional<plan> better = search.find(middle)) {
      below = std::max(middle, better->rate);
      best = std::move(better);
    } else {
      above = middle;
    }
  }
  constexpr double a_little_more = 1 + 1e-12;
  while (std::optional<plan> better = search.find(best->rate * a_little_more)) {
    if (better->rate <= best->rate) break;  // ranks of a kind are not quite alike
    best = std::move(better);
  }
  return best;
}

std::optional<plan> plan_for_one(const plan_problem& problem) {
  const std::size_t n = problem.operators.size();
  const std::uint64_t limit = problem.ranks.front().memory_bytes;
  if (limit != 0 && memory_of(problem, 0, n) > limit) return std::nullopt;
  return evaluate(problem, {{0, n, {0}}});
}

std::optional<plan> plan_of_copies(const plan_problem& problem) {
  const std::size_t n = problem.operators.size();
  stage_placement all{0, n, {}};
  for (std::size_t rank = 0; rank < problem.ranks.size(); ++rank) {
    const std::uint64_t limit = problem.ranks[rank].memory_bytes;
    if (limit == 0 || memory_of(problem, 0, n) <= limit) all.ranks.push_back(rank);
  }
  if (all.ranks.empty()) return std::nullopt;
  return evaluate(problem, {all});
}

std::string why_none(const plan_problem& problem, const plan_limits& limits) {
  const std::size_t n = problem.operators.size();
  if (limits.n_stages > problem.ranks.size())
    return fmt::format("{} stages on {} ranks; accepted: as many as there are ranks at most",
                       limits.n_stages,
                       problem.ranks.size());
  if (limits.n_stages > n)
    return fmt::format(
        "{} stages of {} operators; accepted: as many as there are operators at most",
        limits.n_stages,
        n);
  std::uint64_t most = 0;
  std::uint64_t all = 0;
  for (const rank_profile& rank : problem.ranks) {
    most = std::max(most, rank.memory_bytes);
    all += rank.memory_bytes;
  }
  for (std::size_t i = 0; i < n; ++i) {
    if (memory_of(problem, i, i + 1) > most)
      return fmt::format("operator {} needs {} bytes, and no rank has more than {}",
                         i,
                         memory_of(problem, i, i + 1),
                         most);
  }
  return fmt::format(
      "the model needs {} bytes for weights and values, and the {} ranks have {} together, in "
      "pieces that no cut fits",
      memory_of(problem, 0, n),
      problem.ranks.size(),
      all);
}

}  // namespace rankwise::inference
