// SPDX-License-Identifier: MIT
#include "inference/plan/merged_kinds.hpp"

#include "inference/plan/evaluate.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <numeric>
#include <set>
#include <utility>

namespace rankwise::inference {

namespace {

double total_of(const std::vector<double>& seconds) {
  return std::accumulate(seconds.begin(), seconds.end(), 0.0);
}

/// A limit that is 0 is none.
std::uint64_t room_of(std::uint64_t memory_bytes) {
  return memory_bytes == 0 ? std::numeric_limits<std::uint64_t>::max() : memory_bytes;
}

/// Whether `left` does all that `right` does, no slower.
bool is_as_good(const rank_profile& left, const rank_profile& right) {
  if (room_of(left.memory_bytes) < room_of(right.memory_bytes)) return false;
  for (std::size_t i = 0; i < left.seconds.size(); ++i) {
    if (left.seconds[i] > right.seconds[i]) return false;
  }
  return true;
}

/// A kind while kinds are merged: what its ranks span.
struct cluster {
  rank_kind kind;
  double shortest = 0;  // of all operators, on its fastest rank
  double longest = 0;
  std::uint64_t most_room = 0;
};

/// How unlike the ranks of two kinds are, together. Ranks on other hosts, or of other memory, are
/// unlike even if they are as fast.
double distance(const cluster& left, const cluster& right) {
  constexpr double of_hosts = 0.05;
  constexpr double of_memory = 0.2;
  double sum =
      std::log(std::max(left.longest, right.longest) / std::min(left.shortest, right.shortest));
  if (left.kind.host != right.kind.host) sum += of_hosts;
  const std::uint64_t least =
      std::min(room_of(left.kind.memory_bytes), room_of(right.kind.memory_bytes));
  const std::uint64_t most = std::max(left.most_room, right.most_room);
  if (least != most)
    sum += of_memory + std::log(static_cast<double>(most) / static_cast<double>(least)) / 8;
  return sum;
}

void merge(cluster& to, cluster&& from) {
  to.kind.ranks.insert(to.kind.ranks.end(), from.kind.ranks.begin(), from.kind.ranks.end());
  if (to.kind.host != from.kind.host) to.kind.host = -1;
  if (room_of(from.kind.memory_bytes) < room_of(to.kind.memory_bytes))
    to.kind.memory_bytes = from.kind.memory_bytes;
  to.shortest = std::min(to.shortest, from.shortest);
  to.longest = std::max(to.longest, from.longest);
  to.most_room = std::max(to.most_room, from.most_room);
}

/// Numbers hosts from 0 again, without those that have no kind of their own any more.
void number_hosts(std::vector<rank_kind>& kinds) {
  std::map<int, int> number;
  for (rank_kind& kind : kinds) {
    if (kind.host < 0) continue;
    kind.host = number.emplace(kind.host, static_cast<int>(number.size())).first->second;
  }
}

}  // namespace

std::size_t most_stages(const plan_problem& problem, const plan_limits& limits) {
  if (limits.n_stages != 0) return limits.n_stages;
  return limits.cuts.empty() ? problem.operators.size() : limits.cuts.size() + 1;
}

search_size size_of(const plan_problem& problem,
                    const plan_limits& limits,
                    const std::vector<rank_kind>& kinds) {
  const auto n = static_cast<double>(problem.operators.size());
  double n_numbers = 1;
  double n_pairs_of_groups = 1;
  std::set<int> hosts;
  for (const rank_kind& kind : kinds) {
    const auto n_ranks = static_cast<double>(kind.ranks.size());
    n_numbers *= n_ranks + 1;
    n_pairs_of_groups *= (n_ranks + 1) * (n_ranks + 2) / 2;
    if (kind.host >= 0) hosts.insert(kind.host);
  }
  const double n_layers = limits.n_stages == 0 ? 1 : limits.n_stages + 1;
  const auto n_kinds = static_cast<double>(kinds.size());
  const double n_groups = limits.most_replicas == 1 ? n_kinds : n_numbers;
  const double n_pairs =
      limits.cuts.empty() ? n * (n + 1) / 2 : static_cast<double>(limits.cuts.size() + 1);
  constexpr double classes_of_links = 4;
  search_size size;
  size.n_steps = n_numbers * n_layers * (n + 1) * static_cast<double>(hosts.size() + 1) * 2;
  size.n_rates = n_groups * n_pairs * classes_of_links;
  size.n_moves = n_layers * (limits.most_replicas == 1 ? n_numbers * n_kinds : n_pairs_of_groups);
  return size;
}

bool is_searched(const plan_problem& problem,
                 const plan_limits& limits,
                 const std::vector<rank_kind>& kinds) {
  constexpr search_size most{.n_steps = 1.0e6, .n_rates = 1.0e7, .n_moves = 3.0e5};
  const search_size size = size_of(problem, limits, kinds);
  return size.n_steps <= most.n_steps * limits.effort &&
         size.n_rates <= most.n_rates * limits.effort &&
         size.n_moves <= most.n_moves * limits.effort;
}

std::vector<std::size_t> ranks_of_use(const plan_problem& problem, const plan_limits& limits) {
  std::uint64_t least = std::numeric_limits<std::uint64_t>::max();
  for (std::size_t i = 0; i < problem.operators.size(); ++i)
    least = std::min(least, memory_of(problem, i, i + 1));
  std::vector<std::size_t> with_room;
  for (std::size_t rank = 0; rank < problem.ranks.size(); ++rank) {
    if (room_of(problem.ranks[rank].memory_bytes) >= least) with_room.push_back(rank);
  }
  if (limits.most_replicas == 0) return with_room;

  // Ranks of one host, or each alone on its own and not on the root's, may stand for each other.
  std::map<std::string, std::size_t> n_on_host;
  for (const rank_profile& rank : problem.ranks) ++n_on_host[rank.host];
  const std::string& root_host = problem.ranks.front().host;
  const auto place_of = [&](std::size_t rank) {
    const std::string& host = problem.ranks[rank].host;
    const bool is_alone = host != root_host && n_on_host[host] == 1;
    return is_alone ? std::pair(true, std::string()) : std::pair(false, host);
  };
  std::vector<double> totals;
  for (const rank_profile& rank : problem.ranks) totals.push_back(total_of(rank.seconds));
  std::vector<std::size_t> by_speed = with_room;
  std::stable_sort(by_speed.begin(), by_speed.end(), [&](std::size_t left, std::size_t right) {
    return totals[left] < totals[right];
  });
  const std::size_t n_seats = most_stages(problem, limits) * limits.most_replicas;
  std::map<std::pair<bool, std::string>, std::vector<std::size_t>> kept;
  std::vector<std::size_t> of_use;
  for (const std::size_t rank : by_speed) {
    std::vector<std::size_t>& others = kept[place_of(rank)];
    const auto n_better = std::count_if(others.begin(), others.end(), [&](std::size_t other) {
      return is_as_good(problem.ranks[other], problem.ranks[rank]);
    });
    if (static_cast<std::size_t>(n_better) >= n_seats) continue;
    others.push_back(rank);
    of_use.push_back(rank);
  }
  std::sort(of_use.begin(), of_use.end());
  return of_use;
}

merged_kinds merged_to_fit(const plan_problem& problem,
                           const plan_limits& limits,
                           std::vector<rank_kind> kinds) {
  merged_kinds result;
  if (is_searched(problem, limits, kinds)) {
    number_hosts(kinds);
    result.kinds = std::move(kinds);
    return result;
  }
  // Those of the root's host stay apart from the others, whose items come over its link.
  std::vector<cluster> near;
  std::vector<cluster> far;
  for (rank_kind& kind : kinds) {
    cluster one{std::move(kind), 0, 0, 0};
    one.shortest = one.longest = total_of(problem.ranks[one.kind.ranks.front()].seconds);
    for (const std::size_t rank : one.kind.ranks) {
      const double total = total_of(problem.ranks[rank].seconds);
      one.shortest = std::min(one.shortest, total);
      one.longest = std::max(one.longest, total);
    }
    one.most_room = room_of(one.kind.memory_bytes);
    (one.kind.is_on_root_host ? near : far).push_back(std::move(one));
  }
  for (std::vector<cluster>* const some : {&near, &far})
    std::stable_sort(some->begin(), some->end(), [](const cluster& left, const cluster& right) {
      return left.shortest < right.shortest;
    });
  const auto collect = [&] {
    std::vector<rank_kind> all;
    for (const std::vector<cluster>* const some : {&near, &far})
      for (const cluster& one : *some) all.push_back(one.kind);
    return all;
  };
  while (near.size() > 1 || far.size() > 1) {
    // The nearest two that follow each other in speed.
    std::vector<cluster>* from = nullptr;
    std::size_t at = 0;
    double least = std::numeric_limits<double>::infinity();
    for (std::vector<cluster>* const some : {&near, &far}) {
      for (std::size_t i = 0; i + 1 < some->size(); ++i) {
        const double between = distance((*some)[i], (*some)[i + 1]);
        if (between >= least && from != nullptr) continue;
        least = between;
        from = some;
        at = i;
      }
    }
    result.is_across_hosts =
        result.is_across_hosts || (*from)[at].kind.host != (*from)[at + 1].kind.host;
    merge((*from)[at], std::move((*from)[at + 1]));
    from->erase(from->begin() + static_cast<std::ptrdiff_t>(at) + 1);
    constexpr std::size_t most_kinds = 64;  // of more there are too many states in any case
    if (near.size() + far.size() <= most_kinds && is_searched(problem, limits, collect())) break;
  }
  result.is_merged = true;
  result.kinds = collect();
  number_hosts(result.kinds);
  for (rank_kind& kind : result.kinds) {
    std::stable_sort(kind.ranks.begin(), kind.ranks.end());
    kind.seconds = mean_seconds(problem, kind.ranks);
  }
  return result;
}

std::vector<rank_kind> at_their_best(const plan_problem& problem, std::vector<rank_kind> kinds) {
  for (rank_kind& kind : kinds) {
    for (const std::size_t rank : kind.ranks) {
      const rank_profile& one = problem.ranks[rank];
      for (std::size_t i = 0; i < kind.seconds.size(); ++i)
        kind.seconds[i] = std::min(kind.seconds[i], one.seconds[i]);
      if (room_of(one.memory_bytes) > room_of(kind.memory_bytes))
        kind.memory_bytes = one.memory_bytes;
    }
  }
  return kinds;
}

plan_problem with_best_links(plan_problem problem) {
  link_cost best = problem.same_host;
  best.latency_s = std::min(best.latency_s, problem.network.latency_s);
  best.bytes_per_s = std::max(best.bytes_per_s, problem.network.bytes_per_s);
  best.overlaps = best.overlaps || problem.network.overlaps;
  problem.same_host = best;
  problem.network = best;
  return problem;
}

}  // namespace rankwise::inference
