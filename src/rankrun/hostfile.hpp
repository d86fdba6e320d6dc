// SPDX-License-Identifier: MIT
#pragma once

#include "text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rankwise::launcher {

/// A machine that ranks may run on.
struct host {
  std::string name;
  int slots = 1;                 ///< ranks that it takes before it is oversubscribed
  std::optional<int> max_slots;  ///< ranks that it takes even then; none: no limit
  int line = 0;                  ///< where the host file names it first; 0: no file
  bool is_local = false;         ///< this very machine
};

/// The machines of a job, in the order of the host file: rank 0 goes to the first.
struct host_list {
  std::string source;  ///< the host file, or what stands for it in messages
  std::vector<host> hosts;
  int slot_cores = 1;  ///< cores of a slot, as a line "# threads=N" of the file says

  int total_slots() const {
    int sum = 0;
    for (const host& entry : hosts) sum += entry.slots;
    return sum;
  }
};

namespace detail {

constexpr std::string_view accepted_host =
    R"(accepted: "name", "name slots=N [max_slots=M]" (Open MPI) or "name:N" (MPICH), N from 1)";

enum class host_format { plain, open_mpi, mpich };

struct parsed_host {
  host entry;
  host_format format = host_format::plain;
};

/// A leading dash would reach ssh as an option; a user name belongs into ssh's own configuration.
inline bool is_host_name(std::string_view name) {
  const auto is_name_character = [](char c) {
    return is_alphanumeric(c) || c == '.' || c == '-' || c == '_';
  };
  return !name.empty() && is_alphanumeric(name.front()) &&
         std::all_of(name.begin(), name.end(), is_name_character);
}

/// One line without its comment; nothing where it can't be read.
inline std::optional<parsed_host> parse_host(std::string_view line) {
  const std::vector<std::string_view> words = split_words(line);
  if (words.empty()) return std::nullopt;
  parsed_host result;
  std::string_view name = words.front();
  if (const std::size_t colon = name.find(':'); colon != std::string_view::npos) {
    const auto slots = parse_count(name.substr(colon + 1));
    if (!slots || words.size() > 1) return std::nullopt;
    result.entry.slots = *slots;
    result.format = host_format::mpich;
    name = name.substr(0, colon);
  }
  if (!is_host_name(name)) return std::nullopt;
  result.entry.name = name;

  bool has_slots = false;
  for (std::size_t i = 1; i < words.size(); ++i) {
    const std::size_t equals = std::min(words[i].find('='), words[i].size());
    const std::string_view key = words[i].substr(0, equals);
    const auto value = parse_count(words[i].substr(std::min(equals + 1, words[i].size())));
    if (!value) return std::nullopt;
    if (key == "slots" && !has_slots) {
      result.entry.slots = *value;
      has_slots = true;
    } else if ((key == "max_slots" || key == "max-slots") && !result.entry.max_slots) {
      result.entry.max_slots = *value;
    } else {
      return std::nullopt;
    }
    result.format = host_format::open_mpi;
  }
  if (result.entry.max_slots && *result.entry.max_slots < result.entry.slots) return std::nullopt;
  return result;
}

/// The N of a comment "# threads=N", which scripts/make-hostfile --threads writes.
inline std::optional<int> parse_slot_cores(std::string_view line) {
  constexpr std::string_view start = "# threads=";
  if (!line.starts_with(start)) return std::nullopt;
  return parse_count(trim(line.substr(start.size())));
}

/// A name that comes again adds to its slots; one line without a limit lifts the limit.
/// Throws: config_error, `where` it stands, for too many slots.
inline void add_host(host_list& list, host entry, const std::string& where) {
  if (entry.slots > largest_count - list.total_slots()) {
    throw config_error(fmt::format(
        "{}: found more than {} slots in all, accepted: up to that", where, largest_count));
  }
  std::vector<host>& hosts = list.hosts;
  const auto known = std::find_if(
      hosts.begin(), hosts.end(), [&](const host& other) { return other.name == entry.name; });
  if (known == hosts.end()) {
    hosts.push_back(std::move(entry));
    return;
  }
  known->slots += entry.slots;
  if (known->max_slots && entry.max_slots) {
    *known->max_slots = std::min(*known->max_slots + *entry.max_slots, largest_count);
  } else {
    known->max_slots.reset();
  }
}

}  // namespace detail

/// Reads a host file in Open MPI's format (`host slots=N [max_slots=M]`) or in MPICH's (`host:N`).
///
/// Local: pure. `#` starts a comment; "# threads=N" says that a slot is N cores; a plain name is
/// one slot; a name that comes again adds up. A byte-order mark and carriage returns are no part of
/// the text. Throws:  config_error naming `source`:line, for a line that is neither, for two
/// formats in one
///          file, and for a file without a slot.
inline host_list parse_hostfile(std::string_view text, const std::string& source) {
  host_list result{source, {}, 1};
  auto file_format = detail::host_format::plain;
  int line_number = 0;
  for (std::string_view line : split(without_byte_order_mark(text), '\n')) {
    ++line_number;
    if (const auto n_cores = detail::parse_slot_cores(line)) result.slot_cores = *n_cores;
    line = trim(line.substr(0, line.find('#')));
    if (line.empty()) continue;
    auto parsed = detail::parse_host(line);
    if (!parsed) {
      throw config_error(fmt::format(
          R"({}:{}: found "{}", {})", source, line_number, line, detail::accepted_host));
    }
    if (parsed->format != detail::host_format::plain) {
      if (file_format != detail::host_format::plain && file_format != parsed->format) {
        throw config_error(fmt::format(
            R"({}:{}: found "{}" after lines in {} format, accepted: one format in a file)",
            source,
            line_number,
            line,
            file_format == detail::host_format::mpich ? "MPICH's" : "Open MPI's"));
      }
      file_format = parsed->format;
    }
    parsed->entry.line = line_number;
    detail::add_host(result, std::move(parsed->entry), fmt::format("{}:{}", source, line_number));
  }
  if (result.hosts.empty()) {
    throw config_error(
        fmt::format("{}: no slots: found no host, {}", source, detail::accepted_host));
  }
  return result;
}

/// Reads the value of `--host`: `a,b:2`.
///
/// Local: pure.
/// Throws:  config_error for a part that can't be read.
inline host_list parse_host_option(std::string_view value) {
  host_list result{"--host", {}, 1};
  for (const std::string_view part : split(value, ',')) {
    auto parsed = detail::parse_host(part);
    if (!parsed || parsed->format == detail::host_format::open_mpi) {
      throw config_error(
          fmt::format(R"(--host: found "{}", accepted: names with slots, as in "a:2,b:4")", value));
    }
    detail::add_host(result, std::move(parsed->entry), "--host");
  }
  return result;
}

}  // namespace rankwise::launcher
