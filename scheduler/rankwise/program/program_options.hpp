// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/schedule_kind.hpp>
#include <rankwise/options.hpp>
#include <rankwise/program/option_values.hpp>
#include <rankwise/text/joined.hpp>

#include <boost/program_options/options_description.hpp>
#include <boost/program_options/value_semantic.hpp>
#include <fmt/core.h>

#include <cstddef>
#include <cstdint>
#include <string>

namespace rankwise {

/// The options that every program on rankwise has; they go to `how`.
inline boost::program_options::options_description program_options(options& how) {
  namespace po = boost::program_options;
  const auto or_own = [](std::uint64_t chunk) {
    return chunk == 0 ? std::string("the schedule's own") : std::to_string(chunk);
  };
  const auto join = [](const auto& names) { return joined(names, ", "); };
  const auto name_in = [](const auto& names, auto value) {
    return names[static_cast<std::size_t>(value)];
  };
  po::options_description group("Options of the scheduler");
  const auto add = [&group](
                       const char* name, const po::value_semantic* value, const std::string& help) {
    group.add_options()(name, value, help.c_str());
  };
  add("schedule",
      one_of(how.schedule, schedule_names),
      fmt::format("how items are cut into chunks: {} (default: {})",
                  join(schedule_names),
                  name_of(how.schedule)));
  add("chunk",
      whole_number(how.chunk, 1),
      fmt::format("items in a chunk, at least 1 (default: {})", or_own(how.chunk)));
  add("on-error",
      one_of(how.on_error, on_error_names),
      fmt::format("when a task throws: {} (default: {})",
                  join(on_error_names),
                  name_in(on_error_names, how.on_error)));
  add("retries",
      whole_number(how.retries, 1),
      fmt::format("how often a task is tried again with --on-error retry, at least 1 (default: {})",
                  how.retries));
  add("threads",
      whole_number(how.threads, 1U, options::most_threads),
      fmt::format(
          "threads that a task may use, from 1 to {}: OpenMP gets them, other libraries are "
          "told by the task (default: {})",
          options::most_threads,
          how.threads == 0 ? "as the task has it" : std::to_string(how.threads)));
  add("speculate",
      po::bool_switch(&how.speculate)->default_value(how.speculate, ""),
      "give what is still out at the end of a map, for_each or reduce to ranks without work as "
      "well; the first result counts");
  add("task-limit",
      seconds(how.task_limit_s),
      "a task of map, for_each or reduce that takes longer has failed; without --isolate it needs "
      "rankrun, and the first rank runs none then (default: none)");
  add("isolate",
      po::bool_switch(&how.isolate)->default_value(how.isolate, ""),
      "run each task of map, for_each or reduce in a process of its own, forked from its rank: if "
      "that crashes, calls exit() or takes longer than --task-limit, its item alone has failed");
  add("heartbeat-timeout",
      seconds(how.heartbeat_timeout_s),
      fmt::format("seconds; under rankrun a rank that is silent for longer is lost (default: {})",
                  how.heartbeat_timeout_s));
  add("journal",
      nonempty_text(how.journal, "FILE"),
      "keep what map, for_each and reduce have done in this file, on the first rank's host, so "
      "that "
      "a job can go on from there");
  add("resume",
      po::bool_switch(&how.resume)->default_value(how.resume, ""),
      "run only what the journal does not hold");
  add("retry-failed",
      po::bool_switch(&how.retry_failed)->default_value(how.retry_failed, ""),
      "as --resume, and try again what has failed");
  add("seed",
      whole_number(how.seed),
      fmt::format("of the tasks' random numbers, at least 0 (default: {})", how.seed));
  add("progress",
      one_of(how.progress, progress_names),
      fmt::format("how progress is shown: {} (default: {})",
                  join(progress_names),
                  name_in(progress_names, how.progress)));
  add("quiet",
      po::bool_switch(&how.quiet)->default_value(how.quiet, ""),
      "show neither progress nor summary");
  add("json",
      po::bool_switch(&how.json)->default_value(how.json, ""),
      "show the summary as a JSON line");
  const auto rest = [&how](bool given) {
    if (given) how.root_works = false;
  };
  add("no-root-work",
      po::bool_switch()->default_value(false, "")->notifier(rest),
      "the first rank hands out tasks and runs none");
  add("version", po::bool_switch()->default_value(false, ""), "print the version and exit");
  add("help,h", po::bool_switch()->default_value(false, ""), "print this text and exit");
  return group;
}

}  // namespace rankwise
