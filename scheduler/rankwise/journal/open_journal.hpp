// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/error.hpp>
#include <rankwise/journal/journal.hpp>
#include <rankwise/options.hpp>
#ifdef RANKWISE_HAS_SQLITE
#include <rankwise/journal/sqlite_journal.hpp>
#endif

#include <cerrno>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace rankwise::observe {

/// The journal that the options of this job ask for, which runs on `hosts`, by rank; null where
/// they ask for none.
///
/// Throws: config_error where it can't be used, or where this program was built without SQLite.
inline std::unique_ptr<journal> open_journal(
    const options& how, [[maybe_unused]] const std::vector<std::string>& hosts) {
  if (how.journal.empty()) {
    if (!how.resume && !how.retry_failed) return nullptr;
    throw config_error(std::string(how.retry_failed ? "--retry-failed" : "--resume") +
                       ": found no --journal, accepted: --journal FILE as well");
  }
#ifdef RANKWISE_HAS_SQLITE
  const journal_use use = how.retry_failed ? journal_use::retry_failed
                          : how.resume     ? journal_use::resume
                                           : journal_use::begin;
  std::map<std::string, std::string> settings = how.given;
  settings["--seed"] = std::to_string(how.seed);
  return std::make_unique<sqlite_journal>(
      how.journal, program_invocation_short_name, use, hosts, std::move(settings));
#else
  throw config_error(
      "--journal: found a program that was built without SQLite, accepted: one that was built "
      "where "
      "libsqlite3-dev is installed, with the CMake target rankwise::scheduler");
#endif
}

}  // namespace rankwise::observe
