// SPDX-License-Identifier: MIT
#pragma once

#include "hostfile.hpp"
#include "options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace rankwise::launcher {

/// How a job has ended.
struct job_end {
  int status = 0;
  bool could_not_go_on = false;         ///< another try may come further
  std::vector<int> missing_ranks = {};  ///< never joined: why it could not
};

/// Where the ranks of a job run.
struct layout {
  host_list hosts;
  int n_ranks = 1;
};

/// The host of each rank: they fill the slots host by host; what is more than slots has none.
inline std::vector<std::string> hosts_of_ranks(const layout& where) {
  std::vector<std::string> names;
  for (const host& entry : where.hosts.hosts) {
    const std::size_t n = static_cast<std::size_t>(where.n_ranks) - names.size();
    names.insert(names.end(), std::min(n, static_cast<std::size_t>(entry.slots)), entry.name);
  }
  return names;
}

/// What is left of `before` without the slots of the `missing` ranks, by number, and on the hosts
/// that answer alone. There are no more ranks than before, and no more than slots (without ranks:
/// none is left), unless the job was oversubscribed: then as many share cores as did.
inline layout without(const layout& before,
                      const std::vector<int>& missing,
                      const std::set<std::string>& answering) {
  const std::vector<std::string> names = hosts_of_ranks(before);
  layout after = before;
  int n_sharing = std::max(0, before.n_ranks - before.hosts.total_slots());
  for (const int rank : missing) {
    const auto row = static_cast<std::size_t>(rank);
    if (row >= names.size()) {
      --n_sharing;
      continue;
    }
    const auto place = std::find_if(after.hosts.hosts.begin(),
                                    after.hosts.hosts.end(),
                                    [&](const host& entry) { return entry.name == names[row]; });
    --place->slots;
  }
  std::erase_if(after.hosts.hosts, [&](const host& entry) {
    return entry.slots == 0 || !answering.contains(entry.name);
  });
  const int slots = after.hosts.total_slots();
  long long most = slots == 0 ? 0 : std::max(slots, slots + n_sharing);
  long long limit = 0;
  for (const host& entry : after.hosts.hosts) limit += entry.max_slots.value_or(largest_count);
  most = std::min(most, limit);
  after.n_ranks = static_cast<int>(std::min<long long>(before.n_ranks, most));
  return after;
}

/// The names in `before` that are not in `after`, for people: "a, b"; empty where none is.
inline std::string names_gone(const host_list& before, const host_list& after) {
  std::string text;
  for (const host& entry : before.hosts) {
    const bool is_left = std::any_of(after.hosts.begin(), after.hosts.end(), [&](const host& one) {
      return one.name == entry.name;
    });
    if (!is_left) text += fmt::format("{}{}", text.empty() ? "" : ", ", entry.name);
  }
  return text;
}

/// Whether a program is to write a journal: by its words, by the variable RANKWISE_JOURNAL of this
/// process, or by one that mpirun is to set.
inline bool is_journaled(const options& asked,
                         const std::map<std::string, std::string>& variables) {
  const auto variable = variables.find("RANKWISE_JOURNAL");
  if (variable != variables.end() && !variable->second.empty()) return true;
  const auto has = [](const std::vector<std::string>& words, const std::string& name) {
    return std::any_of(words.begin(), words.end(), [&](const std::string& word) {
      return word == name || word.starts_with(name + "=");
    });
  };
  return has(asked.app, "--journal") || has(asked.passed_on, "RANKWISE_JOURNAL");
}

/// The pause before restart number `n`, from 1: it doubles, up to a minute.
inline std::chrono::seconds pause_before(int n) {
  return std::chrono::seconds(std::min(60, 1 << std::min(n - 1, 6)));
}

}  // namespace rankwise::launcher
