// SPDX-License-Identifier: MIT
#pragma once

#include "inference/plan/problem.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>
#include <numeric>
#include <string>
#include <vector>

namespace rankwise::inference {

/// Ranks that a plan may exchange: on one host, or each alone on its own, as fast, with as much
/// memory.
struct rank_kind {
  std::vector<std::size_t> ranks;
  int host = -1;  ///< a number; -1: each is alone on a host of its own
  bool is_on_root_host = false;
  std::vector<double> seconds;  ///< the mean of its ranks
  std::uint64_t memory_bytes = 0;
};

/// The mean time of each operator on these ranks.
inline std::vector<double> mean_seconds(const plan_problem& problem,
                                        const std::vector<std::size_t>& ranks) {
  std::vector<double> seconds(problem.operators.size());
  for (std::size_t i = 0; i < seconds.size(); ++i) {
    for (const std::size_t rank : ranks) seconds[i] += problem.ranks[rank].seconds[i];
    seconds[i] /= static_cast<double>(ranks.size());
  }
  return seconds;
}

/// Sorts `ranks` by kind. Times that differ by less than `tolerance`, in all and relative to the
/// first of the kind, count as equal; with 0 each operator's does.
inline std::vector<rank_kind> kinds_of(const plan_problem& problem,
                                       const std::vector<std::size_t>& ranks,
                                       double tolerance) {
  std::map<std::string, std::vector<std::size_t>> by_host;
  for (std::size_t rank = 0; rank < problem.ranks.size(); ++rank)
    by_host[problem.ranks[rank].host].push_back(rank);
  const auto total = [](const std::vector<double>& seconds) {
    return std::accumulate(seconds.begin(), seconds.end(), 0.0);
  };
  std::map<std::string, int> number;
  std::vector<rank_kind> kinds;
  for (const std::size_t rank : ranks) {
    const rank_profile& profile = problem.ranks[rank];
    const bool is_near = profile.host == problem.ranks.front().host;
    int host = -1;
    if (is_near || by_host[profile.host].size() > 1)
      host = number.emplace(profile.host, static_cast<int>(number.size())).first->second;
    const auto is_alike = [&](const rank_kind& kind) {
      if (kind.host != host || kind.memory_bytes != profile.memory_bytes) return false;
      const std::vector<double>& first = problem.ranks[kind.ranks.front()].seconds;
      if (first == profile.seconds) return true;
      return std::abs(total(first) - total(profile.seconds)) < tolerance * total(first);
    };
    const auto found = std::find_if(kinds.begin(), kinds.end(), is_alike);
    if (found != kinds.end()) {
      found->ranks.push_back(rank);
    } else {
      kinds.push_back({{rank}, host, is_near, {}, profile.memory_bytes});
    }
  }
  for (rank_kind& kind : kinds) kind.seconds = mean_seconds(problem, kind.ranks);
  return kinds;
}

}  // namespace rankwise::inference
