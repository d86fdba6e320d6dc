// SPDX-License-Identifier: MIT
// How the scheduler would do on 10,000 and 100,000 ranks: its own coordinator and workers, on a
// simulated network in virtual time.
#include <rankwise/program.hpp>
#include <rankwise/rankwise.hpp>
#include <rankwise/sim/core_run.hpp>

#include "support/machine.hpp"
#include "support/program.hpp"
#include "support/report.hpp"
#include "support/work.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <string>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace {

using rankwise::core::duration;

struct settings {
  std::uint64_t message_cost_ns = 1000;
  std::uint64_t latency_us = 20;
  std::uint64_t mean_ms = 100;
  std::uint64_t seed = 7;
  std::uint32_t small_ranks = 10'000;
  std::uint64_t small_n = 4'000'000;
  std::uint32_t large_ranks = 100'000;
  std::uint64_t large_n = 10'000'000;
};

struct cluster {
  std::uint32_t n_workers;
  std::uint64_t n_items;
  rankwise::schedule_kind schedule;
};

/// What a simulation gave; goes through a pipe as its bytes.
struct outcome {
  bool right;  ///< it ended, with each item taken once
  double makespan_s;
  double efficiency;
  double root_busy_s;
  std::uint64_t n_messages;
  std::uint64_t checksum;
  double real_s;
  double peak_gib;
};

outcome simulate(const cluster& what, const settings& given) {
  rankwise::sim::core_run_options options;
  options.call.n_items = what.n_items;
  options.call.n_ranks = what.n_workers + 1;
  options.call.schedule = what.schedule;
  options.call.message_cost = duration(given.message_cost_ns);
  options.latency = std::chrono::microseconds(given.latency_us);
  options.report_interval = std::max<duration>(std::chrono::milliseconds(100),
                                               8 * options.call.message_cost * what.n_workers);
  const double mean_ns = 1e6 * static_cast<double>(given.mean_ms);
  options.item_time = [mean_ns, seed = given.seed](std::uint64_t index) {
    return duration(static_cast<duration::rep>(bench::exponential(seed, index) * mean_ns));
  };
  std::vector<bool> taken(what.n_items);
  std::uint64_t n_taken = 0;
  bool twice = false;
  std::uint64_t checksum = 0;
  rankwise::sim::core_run cluster(
      options, [&](rankwise::core::item_range items, rankwise::rank_id, bool) {
        for (std::uint64_t index = items.first; index != items.end(); ++index) {
          twice = twice || taken[index];
          taken[index] = true;
          checksum += index * (2 * index + 1);
        }
        n_taken += items.count;
      });
  const double begun = bench::wall_s();
  const rankwise::sim::core_run_report report = cluster.run();
  const auto seconds = [](duration time) { return std::chrono::duration<double>(time).count(); };
  return {.right = report.done && n_taken == what.n_items && !twice,
          .makespan_s = seconds(report.makespan),
          .efficiency = report.efficiency(what.n_workers),
          .root_busy_s = seconds(report.root_busy),
          .n_messages = report.n_messages,
          .checksum = checksum,
          .real_s = bench::wall_s() - begun,
          .peak_gib = 0};
}

/// The same in a process of its own, whose peak memory is then this simulation's alone.
outcome simulate_aside(const cluster& what, const settings& given) {
  std::array<int, 2> ends{};
  bench::require(pipe(ends.data()) == 0, "pipe failed");
  const pid_t child = fork();
  bench::require(child >= 0, "fork failed");
  if (child == 0) {
    try {
      const outcome found = simulate(what, given);
      const bool sent = write(ends[1], &found, sizeof found) == sizeof found;
      _exit(sent ? 0 : 1);
    } catch (const std::exception& error) {
      fmt::print(stderr, "bench_scale: {}\n", error.what());
      _exit(1);
    }
  }
  close(ends[1]);
  outcome found{};
  const bool came = read(ends[0], &found, sizeof found) == sizeof found;
  close(ends[0]);
  int status = 0;
  rusage usage{};
  wait4(child, &status, 0, &usage);
  bench::require(came && status == 0, "a simulation failed");
  found.peak_gib = bench::peak_gib(usage);
  return found;
}

outcome add(bench::report& out, const cluster& what, const settings& given) {
  const outcome found = simulate_aside(what, given);
  const std::string name =
      fmt::format("{} ranks: {}", what.n_workers, rankwise::name_of(what.schedule));
  bench::require(found.right, name + ": items were lost, or taken twice");
  bench::row row{.name = name,
                 .unit = "efficiency",
                 .n = what.n_items,
                 .samples = {found.efficiency},
                 .checksum = found.checksum};
  row.figures = {{"simulated_ranks", {static_cast<double>(what.n_workers)}},
                 {"message_cost_ns", {static_cast<double>(given.message_cost_ns)}},
                 {"latency_us", {static_cast<double>(given.latency_us)}},
                 {"makespan_s", {found.makespan_s}},
                 {"messages", {static_cast<double>(found.n_messages)}},
                 {"root_busy_s", {found.root_busy_s}},
                 {"real_s", {found.real_s}},
                 {"peak_gib", {found.peak_gib}}};
  row.note = fmt::format(
      "makespan {:.2f} s, root busy {:.2f} s with {} messages; ran for {:.1f} s, {:.2f} GiB",
      found.makespan_s,
      found.root_busy_s,
      found.n_messages,
      found.real_s,
      found.peak_gib);
  out.add(row);
  return found;
}

void measure(const settings& given) {
  bench::report out("scale", 1);
  fmt::print(
      "simulated: latency {} us, a message takes the root {} ns, tasks of {} ms, exponentially\n"
      "distributed; efficiency counts the workers: the simulated root runs no tasks\n",
      given.latency_us,
      given.message_cost_ns,
      given.mean_ms);
  for (const rankwise::schedule_kind schedule : {rankwise::schedule_kind::adaptive,
                                                 rankwise::schedule_kind::factoring,
                                                 rankwise::schedule_kind::guided,
                                                 rankwise::schedule_kind::self,
                                                 rankwise::schedule_kind::static_blocks}) {
    const outcome found = add(out, {given.small_ranks, given.small_n, schedule}, given);
    if (schedule == rankwise::schedule_kind::adaptive)
      out.ask_at_least(
          fmt::format("{} ranks, adaptive, efficiency", given.small_ranks), 0.95, found.efficiency);
  }
  for (const rankwise::schedule_kind schedule :
       {rankwise::schedule_kind::adaptive, rankwise::schedule_kind::factoring}) {
    const outcome found = add(out, {given.large_ranks, given.large_n, schedule}, given);
    if (schedule == rankwise::schedule_kind::adaptive) {
      out.ask_at_most(
          fmt::format("{} ranks, adaptive, real seconds", given.large_ranks), 120, found.real_s);
      out.ask_at_most(
          fmt::format("{} ranks, adaptive, peak GiB", given.large_ranks), 4, found.peak_gib);
    }
  }
  out.print_table();
}

}  // namespace

int main(int argc, char** argv) {
  settings given;
  rankwise::options how;
  rankwise::program what{.name = "bench_scale",
                         .summary = "the scheduler on simulated clusters of many ranks",
                         .options = boost::program_options::options_description("Options")};
  what.options.add_options()("message-cost",
                             rankwise::whole_number(given.message_cost_ns, 1U),
                             "time that a message takes the root, in ns")(
      "latency-us", rankwise::whole_number(given.latency_us), "of each message")(
      "mean-ms", rankwise::whole_number(given.mean_ms, 1U), "mean time of a task")(
      "small-ranks", rankwise::whole_number(given.small_ranks, 1U), "of the small cluster")(
      "small-n", rankwise::whole_number(given.small_n, 1U), "its tasks")(
      "large-ranks", rankwise::whole_number(given.large_ranks, 1U), "of the large cluster")(
      "large-n", rankwise::whole_number(given.large_n, 1U), "its tasks");
  if (const auto status = bench::read_options(argc, argv, what, how)) return *status;
  try {
    measure(given);
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench_scale: {}\n", error.what());
    return 3;
  }
}
