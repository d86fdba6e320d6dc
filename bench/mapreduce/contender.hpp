// SPDX-License-Identifier: MIT
#pragma once

#include "support/command.hpp"
#include "support/json_lines.hpp"
#include "support/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

namespace bench {

/// One who does a job: a command, and what came of each time that it was run.
struct contender {
  std::string name;
  command what;
  double megabytes = 0;    ///< of its input
  bool own_clock = false;  ///< its own "seconds" count, rather than all from its start to its end
  std::vector<command_result> runs{};

  std::vector<double> of_runs(const std::function<double(const command_result&)>& what_of) const {
    std::vector<double> values;
    for (const command_result& run : runs) values.push_back(what_of(run));
    return values;
  }

  std::vector<double> wall_s() const {
    return of_runs([](const command_result& run) { return run.wall_s; });
  }

  /// Of each run, a number that stands in the JSON that it printed; empty where none does.
  std::vector<double> numbers(const std::string& member) const {
    if (!json_number(runs.front().all(), member)) return {};
    return of_runs(
        [&](const command_result& run) { return json_number(run.all(), member).value(); });
  }

  double peak_mib() const {
    const std::vector<double> all = of_runs([](const command_result& run) { return run.peak_mib; });
    return *std::max_element(all.begin(), all.end());
  }

  /// What each run took, without the time that a start of nothing takes.
  std::vector<double> seconds(double start_up_s) const {
    std::vector<double> all = own_clock ? numbers("seconds") : wall_s();
    for (double& one : all) one -= own_clock ? 0 : start_up_s;
    return all;
  }
};

/// Runs all in turn, `repeats` times, so that a disturbance hits all of them alike.
inline void run_in_turn(std::initializer_list<contender*> all, std::uint32_t repeats) {
  for (std::uint32_t repeat = 0; repeat < repeats; ++repeat) {
    for (contender* one : all) {
      fmt::print(stderr, "bench_mapreduce: {} ({} of {})\n", one->name, repeat + 1, repeats);
      one->runs.push_back(run_command(one->what));
    }
  }
}

/// What a start of a program that has next to nothing to do takes.
inline row start_up_row(const contender& one) {
  return {.name = one.name, .unit = "s", .samples = one.wall_s()};
}

/// Megabytes a second, and all that is known besides.
inline row speed_row(const contender& one,
                     double start_up_s,
                     std::uint64_t n,
                     std::uint64_t checksum) {
  row made{.name = one.name, .unit = "MB/s", .n = n, .checksum = checksum};
  const std::vector<double> seconds = one.seconds(start_up_s);
  for (const double taken : seconds) made.samples.push_back(one.megabytes / taken);
  made.figures = {
      {"wall_s", one.wall_s()},
      {"start_up_s", {one.own_clock ? 0 : start_up_s}},
      {"cpu_s", one.of_runs([](const command_result& run) { return run.cpu_s; })},
      {"peak_mib", one.of_runs([](const command_result& run) { return run.peak_mib; })}};
  for (const char* const member :
       {"elapsed_s", "bytes_shuffled", "bytes_spilled", "most_memory_bytes", "merge_s"})
    if (std::vector<double> found = one.numbers(member); !found.empty())
      made.figures.push_back({member, std::move(found)});
  made.note = fmt::format("{:.2f} s, {:.0f} MiB", median(seconds), one.peak_mib());
  if (const std::vector<double> in_job = one.numbers("elapsed_s"); !in_job.empty())
    made.note += fmt::format("; in the job {:.2f} s", median(in_job));
  return made;
}

}  // namespace bench
