// SPDX-License-Identifier: MIT
#pragma once

#include "hostfile.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

namespace rankwise::launcher {

/// The hosts, where a rank takes `n_threads` of their slots. A host that has fewer takes one rank.
///
/// Local: pure.
inline host_list with_threads(host_list hosts, int n_threads) {
  for (host& entry : hosts.hosts) {
    entry.slots = std::max(1, entry.slots / n_threads);
    if (entry.max_slots) entry.max_slots = std::max(entry.slots, *entry.max_slots / n_threads);
  }
  return hosts;
}

/// The hosts whose slots are fewer than the threads of one rank, in words; empty where there is
/// none.
///
/// Local: pure.
inline std::string short_of_slots(const host_list& hosts, int n_threads) {
  std::string names;
  for (const host& entry : hosts.hosts) {
    if (entry.slots < n_threads)
      names += fmt::format("{}{} (slots={})", names.empty() ? "" : ", ", entry.name, entry.slots);
  }
  if (names.empty()) return names;
  return fmt::format(
      "--threads {}: found more threads than slots on {}: they share cores", n_threads, names);
}

}  // namespace rankwise::launcher
