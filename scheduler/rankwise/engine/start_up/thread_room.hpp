// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/engine/start_up/identity.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace rankwise::engine {

/// Where the threads of tasks, `n_threads` for each rank, find no cores of their own, in words;
/// empty if all do.
///
/// Local: pure.
inline std::string short_of_cores(const std::vector<identity>& ranks, std::uint32_t n_threads) {
  if (n_threads <= 1) return {};
  std::map<std::string, std::uint64_t> n_ranks;
  for (std::size_t rank = 0; rank < ranks.size(); ++rank) {
    const identity& its = ranks[rank];
    const std::string host = its.host_name();
    if (its.n_cores < std::min<std::uint64_t>(n_threads, its.n_host_cores)) {
      return fmt::format(
          "--threads {}: found rank {} on {} bound to {} of {} cores: its threads share them; "
          "rankrun --threads {} or mpirun --bind-to none lets them have all",
          n_threads,
          rank,
          host,
          its.n_cores,
          its.n_host_cores,
          n_threads);
    }
    ++n_ranks[host];
  }
  for (const identity& its : ranks) {
    const std::uint64_t on_host = n_ranks[its.host_name()];
    if (on_host * n_threads <= its.n_host_cores) continue;
    return fmt::format("--threads {}: found {} {} on {}, which has {} {}: threads share them",
                       n_threads,
                       on_host,
                       on_host == 1 ? "rank" : "ranks",
                       its.host_name(),
                       its.n_host_cores,
                       its.n_host_cores == 1 ? "core" : "cores");
  }
  return {};
}

}  // namespace rankwise::engine
