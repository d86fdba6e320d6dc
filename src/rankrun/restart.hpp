// SPDX-License-Identifier: MIT
#pragma once

#include "hostfile.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <set>
#include <string>
#include <string_view>
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

/// What is left of `before` without the slots of the `missing` ranks, by number.
inline layout without_ranks(const layout& before, const std::vector<int>& missing) {
  const std::vector<std::string> names = hosts_of_ranks(before);
  layout after = before;
  after.n_ranks -= static_cast<int>(missing.size());
  for (const int rank : missing) {
    if (static_cast<std::size_t>(rank) >= names.size()) continue;
    const auto place =
        std::find_if(after.hosts.hosts.begin(), after.hosts.hosts.end(), [&](const host& entry) {
          return entry.name == names[static_cast<std::size_t>(rank)];
        });
    --place->slots;
  }
  std::erase_if(after.hosts.hosts, [](const host& entry) { return entry.slots == 0; });
  return after;
}

/// What is left of `before` on the hosts that answer; there are no more ranks than slots then,
/// unless there were before.
inline layout on_hosts(const layout& before, const std::set<std::string>& answering) {
  const bool was_full = before.n_ranks >= before.hosts.total_slots();
  const int over = before.n_ranks - before.hosts.total_slots();
  layout after = before;
  std::erase_if(after.hosts.hosts,
                [&](const host& entry) { return !answering.contains(entry.name); });
  const int slots = after.hosts.total_slots();
  after.n_ranks = was_full ? slots + std::max(over, 0) : std::min(before.n_ranks, slots);
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

/// Whether a program is to write a journal, by its words or by the variable RANKWISE_JOURNAL.
inline bool is_journaled(const std::vector<std::string>& app, std::string_view variable) {
  return !variable.empty() || std::any_of(app.begin(), app.end(), [](const std::string& word) {
    return word == "--journal" || word.starts_with("--journal=");
  });
}

/// The pause before restart number `n`, from 1: it doubles, up to a minute.
inline std::chrono::seconds pause_before(int n) {
  return std::chrono::seconds(std::min(60, 1 << std::min(n - 1, 6)));
}

}  // namespace rankwise::launcher
