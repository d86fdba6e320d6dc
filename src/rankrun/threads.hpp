// SPDX-License-Identifier: MIT
#pragma once

#include "hostfile.hpp"
#include "options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>

namespace rankwise::launcher {

/// How many ranks of `n_threads` threads fit into slots of `slot_cores` cores.
inline int slots_for(int n_slots, int slot_cores, int n_threads) {
  return static_cast<int>(
      std::min<long long>(largest_count, 1LL * n_slots * slot_cores / n_threads));
}

/// The threads of a task: what `--threads` says, else RANKWISE_THREADS, else the host file; none if
/// nobody has said.
///
/// Local: pure. Throws: config_error for a variable that is no number.
inline std::optional<int> n_threads_of(const options& asked,
                                       const std::map<std::string, std::string>& environment,
                                       const host_list& hosts) {
  if (asked.n_threads) return asked.n_threads;
  if (const auto variable = environment.find("RANKWISE_THREADS"); variable != environment.end()) {
    if (const auto number = parse_count(variable->second)) return number;
    throw config_error(
        fmt::format(R"(RANKWISE_THREADS: found "{}", accepted: a whole number from 1 to 1000000)",
                    variable->second));
  }
  if (hosts.slot_cores != 1) return hosts.slot_cores;
  return std::nullopt;
}

/// The hosts, where a rank takes `n_threads` of their cores. A host that has fewer takes one rank.
///
/// Local: pure.
inline host_list with_threads(host_list hosts, int n_threads) {
  for (host& entry : hosts.hosts) {
    entry.slots = std::max(1, slots_for(entry.slots, hosts.slot_cores, n_threads));
    if (entry.max_slots) {
      entry.max_slots =
          std::max(entry.slots, slots_for(*entry.max_slots, hosts.slot_cores, n_threads));
    }
  }
  hosts.slot_cores = n_threads;
  return hosts;
}

/// The hosts whose slots are fewer than the threads of one rank, in words; empty where there is
/// none.
///
/// Local: pure.
inline std::string short_of_slots(const host_list& hosts, int n_threads) {
  std::string names;
  for (const host& entry : hosts.hosts) {
    if (1LL * entry.slots * hosts.slot_cores < n_threads)
      names += fmt::format("{}{} (slots={})", names.empty() ? "" : ", ", entry.name, entry.slots);
  }
  if (names.empty()) return names;
  return fmt::format(
      "--threads {}: found more threads than slots on {}: they share cores", n_threads, names);
}

}  // namespace rankwise::launcher
