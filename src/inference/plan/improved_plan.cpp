// SPDX-License-Identifier: MIT
#include "inference/plan/improved_plan.hpp"

#include "inference/plan/evaluate.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <utility>
#include <vector>

namespace rankwise::inference {

namespace {

using placements = std::vector<stage_placement>;

bool has_room(const plan_problem& problem, const stage_placement& stage) {
  const std::uint64_t bytes = memory_of(problem, stage.first, stage.last);
  return std::all_of(stage.ranks.begin(), stage.ranks.end(), [&](std::size_t rank) {
    const std::uint64_t limit = problem.ranks[rank].memory_bytes;
    return limit == 0 || bytes <= limit;
  });
}

/// Rates of the stages, the slowest first: of two plans the one whose rates are the higher ones,
/// the first that differ, is nearer to a faster one.
std::vector<double> rates_of(const plan& of) {
  std::vector<double> rates;
  for (const planned_stage& stage : of.stages) rates.push_back(stage.rate);
  std::sort(rates.begin(), rates.end());
  return rates;
}

bool is_better(const std::vector<double>& left, const std::vector<double>& right) {
  constexpr double clearly = 1 + 1e-9;
  const std::size_t n = std::min(left.size(), right.size());
  for (std::size_t i = 0; i < n; ++i) {
    if (left[i] > right[i] * clearly) return true;
    if (left[i] * clearly < right[i]) return false;
  }
  return false;
}

class improver {
 public:
  improver(const plan_problem& problem, const plan_limits& limits, plan from)
      : problem_(problem), limits_(limits), best_(std::move(from)) {
    for (const planned_stage& stage : best_.stages) {
      stage_placement& made = stages_.emplace_back(stage_placement{stage.first, stage.last, {}});
      for (const seat_cost& seat : stage.seats) made.ranks.push_back(seat.rank);
    }
    rates_ = rates_of(best_);
    for (const rank_profile& rank : problem.ranks)
      totals_.push_back(std::accumulate(rank.seconds.begin(), rank.seconds.end(), 0.0));
  }

  plan run() {
    while (left_ > 0 && step()) {
    }
    return best_;
  }

 private:
  static constexpr std::size_t few = 8;

  /// Takes the new placement if it is better, and possible.
  bool try_out(placements next) {
    for (const stage_placement& stage : next) {
      if (!has_room(problem_, stage)) return false;
    }
    left_ -= problem_.ranks.size() + problem_.operators.size();
    plan made = evaluate(problem_, next);
    const std::vector<double> rates = rates_of(made);
    if (!is_better(rates, rates_)) return false;
    stages_ = std::move(next);
    best_ = std::move(made);
    rates_ = rates;
    return true;
  }

  /// Ranks that have no stage, the fastest first.
  std::vector<std::size_t> unused() const {
    std::vector<bool> is_used(problem_.ranks.size());
    for (const stage_placement& stage : stages_)
      for (const std::size_t rank : stage.ranks) is_used[rank] = true;
    std::vector<std::size_t> free;
    for (std::size_t rank = 0; rank < is_used.size(); ++rank)
      if (!is_used[rank]) free.push_back(rank);
    std::stable_sort(free.begin(), free.end(), [&](std::size_t left, std::size_t right) {
      return totals_[left] < totals_[right];
    });
    if (free.size() > few) free.resize(few);
    return free;
  }

  bool step() {
    const std::size_t slowest = best_.bottleneck;
    const std::vector<std::size_t> free = unused();
    return more_ranks(slowest, free) || other_ranks(slowest, free) || other_cuts(slowest) ||
           split(slowest, free);
  }

  bool more_ranks(std::size_t slowest, const std::vector<std::size_t>& free) {
    const std::size_t n = stages_[slowest].ranks.size();
    if (limits_.most_replicas != 0 && n >= limits_.most_replicas) return false;
    for (const std::size_t rank : free) {
      placements next = stages_;
      next[slowest].ranks.push_back(rank);
      if (try_out(std::move(next))) return true;
    }
    for (std::size_t other = 0; other < stages_.size(); ++other) {
      if (other == slowest || stages_[other].ranks.size() == 1) continue;
      for (std::size_t i = 0; i < stages_[other].ranks.size() && left_ > 0; ++i) {
        placements next = stages_;
        next[slowest].ranks.push_back(next[other].ranks[i]);
        next[other].ranks.erase(next[other].ranks.begin() + static_cast<std::ptrdiff_t>(i));
        if (try_out(std::move(next))) return true;
      }
    }
    return false;
  }

  bool other_ranks(std::size_t slowest, const std::vector<std::size_t>& free) {
    for (std::size_t i = 0; i < stages_[slowest].ranks.size() && left_ > 0; ++i) {
      for (const std::size_t rank : free) {
        placements next = stages_;
        next[slowest].ranks[i] = rank;
        if (try_out(std::move(next))) return true;
      }
      for (std::size_t other = 0; other < stages_.size(); ++other) {
        if (other == slowest) continue;
        for (std::size_t k = 0; k < stages_[other].ranks.size() && left_ > 0; ++k) {
          placements next = stages_;
          std::swap(next[slowest].ranks[i], next[other].ranks[k]);
          if (try_out(std::move(next))) return true;
        }
      }
    }
    return false;
  }

  bool other_cuts(std::size_t slowest) {
    if (!limits_.cuts.empty()) return false;
    constexpr std::size_t most_operators = 4;
    for (std::size_t n = 1; n <= most_operators; ++n) {
      const std::size_t here = stages_[slowest].last - stages_[slowest].first;
      if (here <= n) break;
      if (slowest > 0) {
        placements next = stages_;
        next[slowest - 1].last = next[slowest].first += n;
        if (try_out(std::move(next))) return true;
      }
      if (slowest + 1 < stages_.size()) {
        placements next = stages_;
        next[slowest + 1].first = next[slowest].last -= n;
        if (try_out(std::move(next))) return true;
      }
    }
    return false;
  }

  bool split(std::size_t slowest, const std::vector<std::size_t>& free) {
    if (!limits_.cuts.empty() || limits_.n_stages != 0) return false;
    const stage_placement whole = stages_[slowest];
    for (std::size_t cut = whole.first + 1; cut < whole.last && left_ > 0; ++cut) {
      for (std::size_t i = 0; i < free.size() && i < 3 && left_ > 0; ++i) {
        for (const bool is_first : {true, false}) {
          placements next = stages_;
          stage_placement added{cut, whole.last, {free[i]}};
          next[slowest].last = cut;
          if (is_first) std::swap(next[slowest].ranks, added.ranks);
          next.insert(next.begin() + static_cast<std::ptrdiff_t>(slowest) + 1, std::move(added));
          if (try_out(std::move(next))) return true;
        }
      }
    }
    return false;
  }

  const plan_problem& problem_;
  const plan_limits& limits_;
  plan best_;
  placements stages_;
  std::vector<double> rates_;
  std::vector<double> totals_;       // by rank, of all operators
  std::ptrdiff_t left_ = 2'000'000;  // of the work to try things out
};

}  // namespace

plan improved_plan(const plan_problem& problem, const plan_limits& limits, plan from) {
  return improver(problem, limits, std::move(from)).run();
}

std::optional<plan> plan_by_memory(const plan_problem& problem, const plan_limits& limits) {
  std::vector<std::size_t> ranks(problem.ranks.size());
  std::iota(ranks.begin(), ranks.end(), std::size_t{0});
  std::stable_sort(ranks.begin(), ranks.end(), [&](std::size_t left, std::size_t right) {
    return problem.ranks[left].memory_bytes - 1 > problem.ranks[right].memory_bytes - 1;  // 0: any
  });
  const std::size_t n = problem.operators.size();
  placements stages;
  if (!limits.cuts.empty()) {
    std::size_t first = 0;
    for (const std::size_t last : limits.cuts)
      stages.push_back({std::exchange(first, last), last, {}});
    stages.push_back({first, n, {}});
    if (stages.size() > ranks.size()) return std::nullopt;
    std::vector<std::size_t> by_need(stages.size());
    std::iota(by_need.begin(), by_need.end(), std::size_t{0});
    std::stable_sort(by_need.begin(), by_need.end(), [&](std::size_t left, std::size_t right) {
      return memory_of(problem, stages[left].first, stages[left].last) >
             memory_of(problem, stages[right].first, stages[right].last);
    });
    for (std::size_t i = 0; i < by_need.size(); ++i) {
      stages[by_need[i]].ranks = {ranks[i]};
      if (!has_room(problem, stages[by_need[i]])) return std::nullopt;
    }
    return evaluate(problem, stages);
  }
  std::size_t next = 0;
  for (const std::size_t rank : ranks) {
    // With a given number of stages each that follows needs an operator.
    const std::size_t n_follow =
        limits.n_stages == 0
            ? 0
            : limits.n_stages - std::min<std::size_t>(limits.n_stages, stages.size() + 1);
    stage_placement stage{next, next, {rank}};
    while (stage.last + n_follow < n && has_room(problem, {next, stage.last + 1, {rank}}))
      ++stage.last;
    if (stage.last == next) break;
    next = stage.last;
    stages.push_back(std::move(stage));
    const bool is_complete = limits.n_stages == 0 || stages.size() == limits.n_stages;
    if (next == n && is_complete) return evaluate(problem, stages);
    if (limits.n_stages != 0 && is_complete) break;
  }
  return std::nullopt;
}

}  // namespace rankwise::inference
