// SPDX-License-Identifier: MIT
#include "inference/plan/planner.hpp"

#include "inference/plan/evaluate.hpp"
#include "inference/plan/improved_plan.hpp"
#include "inference/plan/merged_kinds.hpp"
#include "inference/plan/operator_blocks.hpp"
#include "inference/plan/plan_search.hpp"
#include "inference/plan/rank_kinds.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <utility>

namespace rankwise::inference {

namespace {

constexpr double close = 1.001;

/// A plan to begin with, where there is a simple one.
std::optional<plan> first_guess(const plan_problem& problem, const plan_limits& limits) {
  if (!limits.cuts.empty() || limits.n_stages > 1) return std::nullopt;
  return limits.most_replicas == 0 ? plan_of_copies(problem) : plan_for_one(problem);
}

/// The geometric mean; `above` may be the largest number there is.
double middle_of(double below, double above) {
  return std::sqrt(below) * std::sqrt(above);
}

/// The sum of the largest `n` numbers; of all if that is 0.
double sum_of_largest(std::vector<double> numbers, std::size_t n) {
  std::sort(numbers.begin(), numbers.end(), std::greater<>());
  if (n != 0 && n < numbers.size()) numbers.resize(n);
  return std::accumulate(numbers.begin(), numbers.end(), 0.0);
}

/// No plan can be faster: if each operator is worth the time that it takes the root, this is what
/// all ranks that have a seat can be worth in a second at best, over what an item is worth. (The
/// dual of the linear program that spreads each operator freely.) Nor can a stage be faster than
/// its ranks are with the longest of its operators alone.
double bound_of(const plan_problem& problem, const plan_limits& limits) {
  constexpr double most = std::numeric_limits<double>::max();
  const std::vector<double>& worth = problem.ranks.front().seconds;
  std::vector<double> of_ranks;
  for (const rank_profile& rank : problem.ranks) {
    double best = 0;
    for (std::size_t i = 0; i < worth.size(); ++i) {
      if (worth[i] == 0) continue;
      if (rank.seconds[i] == 0) return most;
      best = std::max(best, worth[i] / rank.seconds[i]);
    }
    of_ranks.push_back(best);
  }
  const std::size_t n_seats = most_stages(problem, limits) * limits.most_replicas;
  constexpr double rounding = 1 + 1e-9;
  double bound = sum_of_largest(of_ranks, n_seats) /
                 std::accumulate(worth.begin(), worth.end(), 0.0) * rounding;
  for (std::size_t i = 0; i < worth.size() && limits.most_replicas != 0; ++i) {
    std::vector<double> rates;
    for (const rank_profile& rank : problem.ranks)
      rates.push_back(rank.seconds[i] == 0 ? most : 1 / rank.seconds[i]);
    bound = std::min(bound, sum_of_largest(std::move(rates), limits.most_replicas) * rounding);
  }
  return std::min(bound, most);
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

/// A problem that can be searched: with blocks of operators, and kinds of ranks.
struct narrowed {
  plan_problem problem;
  plan_limits limits;
  std::vector<std::size_t> ends;  ///< of the blocks
  merged_kinds ranks;
  bool is_coarse = false;   ///< a cut within a block is not looked at
  bool is_thinned = false;  ///< some ranks are left out

  /// Whether its best plan is the best of all.
  bool is_exact() const { return !is_coarse && !is_thinned && !ranks.is_merged; }
};

narrowed narrow(const plan_problem& problem, const plan_limits& limits) {
  narrowed small;
  for (std::size_t most_blocks = 256;; most_blocks /= 2) {
    small.ends = block_ends(problem, limits, most_blocks);
    small.is_coarse = limits.cuts.empty() && small.ends.size() < problem.operators.size();
    small.problem = in_blocks(problem, small.ends);
    small.limits = limits;
    if (!limits.cuts.empty()) {  // each block is a stage
      small.limits.n_stages = 0;
      std::iota(small.limits.cuts.begin(), small.limits.cuts.end(), std::size_t{1});
    }
    const std::vector<std::size_t> of_use = ranks_of_use(small.problem, small.limits);
    small.ranks = merged_to_fit(
        small.problem, small.limits, kinds_of(small.problem, of_use, limits.tolerance));
    constexpr std::size_t fewest_blocks = 32;
    const bool can_be_coarser = limits.cuts.empty() && small.ends.size() > fewest_blocks &&
                                small.ends.size() / 2 > limits.n_stages;
    if (is_searched(small.problem, small.limits, small.ranks.kinds) || !can_be_coarser) break;
  }
  // Thousands of ranks of one kind: the search places some, the others join where they help.
  while (!is_searched(small.problem, small.limits, small.ranks.kinds)) {
    const auto largest = std::max_element(small.ranks.kinds.begin(),
                                          small.ranks.kinds.end(),
                                          [](const rank_kind& left, const rank_kind& right) {
                                            return left.ranks.size() < right.ranks.size();
                                          });
    if (largest == small.ranks.kinds.end() || largest->ranks.size() == 1) break;
    largest->ranks.resize(largest->ranks.size() / 2);
    small.is_thinned = true;
  }
  return small;
}

/// The best plan, where the search sees all there are.
std::optional<plan> best_of_all(const plan_problem& problem,
                                const plan_limits& limits,
                                const narrowed& small,
                                std::optional<plan> best) {
  plan_search search(small.problem, small.limits, small.ranks.kinds);
  const auto find = [&](double least) -> std::optional<plan> {
    const std::optional<plan> found = search.find(least);
    if (!found) return std::nullopt;
    return evaluate(problem, in_operators(*found, small.ends));
  };
  if (!best) best = find(0);
  if (!best) return std::nullopt;
  // Close from both sides; then step by step from plan to better plan.
  double below = best->rate;
  double above = bound_of(problem, limits);
  while (above > below * close) {
    const double middle = middle_of(below, above);
    if (std::optional<plan> better = find(middle)) {
      below = std::max(middle, better->rate);
      best = std::move(better);
    } else {
      above = middle;
    }
  }
  constexpr double a_little_more = 1 + 1e-12;
  while (std::optional<plan> better = find(best->rate * a_little_more)) {
    if (better->rate <= best->rate) break;  // ranks of a kind are not quite alike
    best = std::move(better);
  }
  return best;
}

/// No plan is faster, as far as a search shows it in which each kind is as good as the best of its
/// ranks, and `above` is known already.
double bound_by_search(const narrowed& small, double below, double above) {
  if (small.is_coarse || small.is_thinned) return above;
  const plan_problem problem =
      small.ranks.is_across_hosts ? with_best_links(small.problem) : small.problem;
  plan_search search(problem, small.limits, at_their_best(small.problem, small.ranks.kinds));
  constexpr double near = 1.01;
  while (above > below * near) {
    const double middle = middle_of(below, above);
    (search.reaches(middle) ? below : above) = middle;
  }
  return above;
}

/// A good plan, and how much faster another might be.
std::optional<plan> best_of_some(const plan_problem& problem,
                                 const plan_limits& limits,
                                 const narrowed& small,
                                 std::optional<plan> best) {
  plan_search search(small.problem, small.limits, small.ranks.kinds);
  const auto keep = [&](const plan& found) {
    plan made = improved_plan(problem, limits, evaluate(problem, in_operators(found, small.ends)));
    if (!best || made.rate > best->rate) best = std::move(made);
  };
  if (best) best = improved_plan(problem, limits, std::move(*best));
  const double bound = bound_of(problem, limits);
  const std::optional<plan> any = search.find(0);
  if (any) keep(*any);
  if (!best) {
    // Kinds have the memory of the rank with the least.
    if (std::optional<plan> filled = plan_by_memory(problem, limits))
      best = improved_plan(problem, limits, std::move(*filled));
  }
  if (!best) return std::nullopt;
  // A kind is worth the mean of its ranks: what it reaches may be less than what ranks do.
  constexpr double much = 4;
  double below = best->rate / much;
  double above = bound;
  constexpr double near = 1.02;
  while (any && above > below * near) {
    const double middle = middle_of(below, above);
    if (const std::optional<plan> better = search.find(middle)) {
      below = middle;
      keep(*better);
    } else {
      above = middle;
    }
  }
  best->bound = std::max(best->rate, bound_by_search(small, best->rate, bound));
  return best;
}

}  // namespace

std::optional<plan> best_plan(const plan_problem& problem, const plan_limits& limits) {
  check(problem, limits);
  const std::size_t n_parts = limits.cuts.size() + 1;
  const bool has_other_cuts = !limits.cuts.empty() && limits.n_stages != 0;
  if (limits.n_stages > std::min(problem.ranks.size(), problem.operators.size()) ||
      (has_other_cuts && limits.n_stages != n_parts))
    return std::nullopt;
  const narrowed small = narrow(problem, limits);
  std::optional<plan> best = first_guess(problem, limits);
  if (small.is_exact()) return best_of_all(problem, limits, small, std::move(best));
  return best_of_some(problem, limits, small, std::move(best));
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
