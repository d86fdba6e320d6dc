// SPDX-License-Identifier: MIT
#pragma once

#include "hostfile.hpp"
#include "text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rankwise::launcher {

namespace detail {

/// The parts between commas outside of brackets.
inline std::vector<std::string_view> split_list(std::string_view text) {
  std::vector<std::string_view> parts;
  std::size_t begin = 0;
  int depth = 0;
  for (std::size_t at = 0; at <= text.size(); ++at) {
    if (at == text.size() || (text[at] == ',' && depth == 0)) {
      parts.push_back(text.substr(begin, at - begin));
      begin = at + 1;
    } else if (text[at] == '[') {
      ++depth;
    } else if (text[at] == ']') {
      --depth;
    }
  }
  return parts;
}

/// Adds the names that a pattern such as r[1-2]n[01-16,20] stands for; false where it is none.
inline bool expand_hosts(std::string_view pattern, std::vector<std::string>& names) {
  const std::size_t open = pattern.find('[');
  if (open == std::string_view::npos) {
    names.emplace_back(pattern);
    return is_host_name(pattern) && names.size() <= std::size_t{largest_count};
  }
  const std::size_t close = pattern.find(']', open);
  if (close == std::string_view::npos) return false;
  for (const std::string_view range : split(pattern.substr(open + 1, close - open - 1), ',')) {
    const std::size_t dash = std::min(range.find('-'), range.size());
    const std::string_view first = range.substr(0, dash);
    const auto from = parse_number(first, largest_count);
    const auto to =
        dash == range.size() ? from : parse_number(range.substr(dash + 1), largest_count);
    if (!from || !to || *from > *to) return false;
    for (int number = *from; number <= *to; ++number) {
      const std::string one = fmt::format(
          "{}{:0{}}{}", pattern.substr(0, open), number, first.size(), pattern.substr(close + 1));
      if (!expand_hosts(one, names)) return false;
    }
  }
  return true;
}

/// The numbers of "2(x3),1": 2, 2, 2, 1; none where it can't be read.
inline std::optional<std::vector<int>> expand_counts(std::string_view text) {
  std::vector<int> counts;
  for (const std::string_view part : split(text, ',')) {
    const std::size_t open = std::min(part.find("(x"), part.size());
    const auto count = parse_count(part.substr(0, open));
    std::optional<int> times = 1;
    if (open < part.size()) {
      if (part.back() != ')') return std::nullopt;
      times = parse_count(part.substr(open + 2, part.size() - open - 3));
    }
    if (!count || !times || counts.size() + static_cast<std::size_t>(*times) > largest_count)
      return std::nullopt;
    counts.insert(counts.end(), static_cast<std::size_t>(*times), *count);
  }
  return counts;
}

}  // namespace detail

/// Whether this process is in an allocation of Slurm, or has variables that say so.
inline bool is_in_slurm(const std::map<std::string, std::string>& environment) {
  return environment.contains("SLURM_JOB_ID") || environment.contains("SLURM_JOBID");
}

/// The hosts that Slurm has given to this job, with a slot for each of its tasks; none where it
/// says nothing of hosts.
///
/// Local: pure.
/// Throws:  config_error, naming the variable, for what can't be read.
/// Source:  "Output environment variables" of sbatch(1).
inline std::optional<host_list> slurm_allocation(
    const std::map<std::string, std::string>& environment) {
  if (!is_in_slurm(environment)) return std::nullopt;
  const auto first_of = [&](std::string_view one, std::string_view other) {
    const auto found = environment.find(std::string(one));
    return found != environment.end() ? found : environment.find(std::string(other));
  };
  const auto nodes = first_of("SLURM_JOB_NODELIST", "SLURM_NODELIST");
  const auto tasks = first_of("SLURM_TASKS_PER_NODE", "SLURM_JOB_CPUS_PER_NODE");
  if (nodes == environment.end() || tasks == environment.end()) return std::nullopt;
  const auto refuse = [](const auto& variable, std::string_view accepted) -> config_error {
    return config_error(fmt::format(R"({}: found "{}", accepted: {}, or -f with a host file)",
                                    variable->first,
                                    variable->second,
                                    accepted));
  };
  std::vector<std::string> names;
  for (const std::string_view pattern : detail::split_list(nodes->second)) {
    if (!detail::expand_hosts(pattern, names))
      throw refuse(nodes, "Slurm's list of nodes, as in node[01-03,7]");
  }
  const auto counts = detail::expand_counts(tasks->second);
  if (!counts || counts->size() != names.size())
    throw refuse(tasks, "tasks for each node, as in 2(x3),1");
  host_list hosts{fmt::format("Slurm's allocation ({})", nodes->first), {}};
  for (std::size_t i = 0; i < names.size(); ++i) {
    host entry;
    entry.name = names[i];
    entry.slots = (*counts)[i];
    detail::add_host(hosts, entry, hosts.source);
  }
  return hosts;
}

}  // namespace rankwise::launcher
