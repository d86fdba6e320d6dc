// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/future.hpp>
#include <rankwise/rankwise.hpp>

#include "calls/settings.hpp"
#include "support/machine.hpp"
#include "support/program.hpp"
#include "support/report.hpp"
#include "support/work.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace bench {

/// When a task ran, by the clock of the machine that all ranks are on.
struct time_span {
  double begin = 0;
  double end = 0;
};

/// Burns rounds. Each `Kind` is a task, and so a call, of its own.
template <int Kind>
time_span timed_burn(std::uint64_t n_rounds) {
  time_span taken{.begin = wall_s()};
  const volatile std::uint64_t kept = burn(Kind, n_rounds);
  static_cast<void>(kept);
  taken.end = wall_s();
  return taken;
}

template <int Kind>
std::vector<rankwise::future<time_span>> submit_burns(const rankwise::pool& pool,
                                                      std::uint64_t n,
                                                      std::uint64_t n_rounds) {
  std::vector<rankwise::future<time_span>> futures;
  futures.reserve(n);
  for (std::uint64_t i = 0; i < n; ++i)
    futures.push_back(pool.submit(rankwise::fn<timed_burn<Kind>>, n_rounds));
  return futures;
}

inline std::vector<time_span> get_all(std::vector<rankwise::future<time_span>>& futures) {
  std::vector<time_span> all;
  for (rankwise::future<time_span>& one : futures) all.push_back(one.get());
  return all;
}

/// Seconds of `tasks` between two times.
inline double seconds_within(const std::vector<time_span>& tasks, double begin, double end) {
  double sum = 0;
  for (const time_span& one : tasks)
    sum += std::max(0.0, std::min(one.end, end) - std::max(one.begin, begin));
  return sum;
}

/// A long call of tasks of 1 ms, and every 100 ms a short one of a higher priority: ten tasks of
/// 0.1 ms. How long after they are due the short ones are done, and what the ranks do meanwhile.
inline void measure_priority(const call_bench& bench) {
  constexpr std::size_t n_short = 10;
  constexpr double interval_s = 0.1;
  row latency{.name = "short call in a long one", .unit = "ms", .n = n_short};
  row efficiency{.name = "both calls: task time / (ranks x wall)", .n = bench.given.n_long};
  std::vector<double> own_ms;  // from when the body makes the call
  run_job(bench.world, bench.how, [&](rankwise::pool& pool) {
    const double rounds_ms = rounds_a_second() / 1000;
    rankwise::options urgent = pool.options();
    urgent.priority = 1;
    const rankwise::pool first = pool.with(urgent);
    const std::vector<std::uint64_t> inputs(n_short, static_cast<std::uint64_t>(rounds_ms / 10));
    std::vector<time_span> tasks;
    const double begun = wall_s();
    std::vector<rankwise::future<time_span>> long_ones =
        submit_burns<0>(pool, bench.given.n_long, static_cast<std::uint64_t>(rounds_ms));
    double due = wall_s() + interval_s;
    // The root's thread works on the long call while the body waits for the next short one.
    while (!long_ones.back().wait_for(std::chrono::duration<double>(due - wall_s()))) {
      const double called = wall_s();
      for (const time_span& task : first.map(inputs, rankwise::fn<timed_burn<1>>))
        tasks.push_back(task);
      const double ended = wall_s();
      latency.samples.push_back(1e3 * (ended - due));
      own_ms.push_back(1e3 * (ended - called));
      due = std::max(due + interval_s, ended);
    }
    for (const time_span& task : get_all(long_ones)) tasks.push_back(task);
    const double ended = wall_s();
    efficiency.samples.push_back(seconds_within(tasks, begun, ended) /
                                 (pool.n_workers() * (ended - begun)));
  });
  if (bench.out == nullptr) return;
  require(!latency.samples.empty(), "--n-long is too small for a short call");
  const double late = quantile(latency.samples, 0.95);
  latency.figures = {{"percentile_95", {late}},
                     {"percentile_95_from_call", {quantile(own_ms, 0.95)}}};
  latency.note = fmt::format("95th percentile {:.2f} from when it is due, {:.2f} from the call on",
                             late,
                             quantile(own_ms, 0.95));
  bench.out->add(latency);
  bench.out->add(efficiency);
  bench.out->ask_at_most("short call in a long one, ms, 95th percentile", 5, late);
  bench.out->ask_at_least(
      "both calls: task time / (ranks x wall)", 0.97, median(efficiency.samples));
}

/// Two equal calls: how far from half of the time each gets, while both have something to do.
inline void measure_fair_share(const call_bench& bench) {
  row share{.name = "two equal calls: share of the first", .n = 2 * bench.given.n_fair};
  double worst = 0;
  for (std::uint32_t repeat = 0; repeat < bench.given.repeats; ++repeat) {
    run_job(bench.world, bench.how, [&](rankwise::pool& pool) {
      const auto n_rounds = static_cast<std::uint64_t>(rounds_a_second() / 1000);
      auto one = submit_burns<2>(pool, bench.given.n_fair, n_rounds);
      auto other = submit_burns<3>(pool, bench.given.n_fair, n_rounds);
      const double begin = wall_s();
      const std::vector<time_span> ones = get_all(one);
      const std::vector<time_span> others = get_all(other);
      const auto by_end = [](const time_span& a, const time_span& b) { return a.end < b.end; };
      const double end = std::min(std::max_element(ones.begin(), ones.end(), by_end)->end,
                                  std::max_element(others.begin(), others.end(), by_end)->end);
      const double mine = seconds_within(ones, begin, end);
      const double both = mine + seconds_within(others, begin, end);
      share.samples.push_back(mine / both);
      worst = std::max(worst, 100 * std::abs(mine / both - 0.5) / 0.5);
    });
  }
  if (bench.out == nullptr) return;
  bench.out->add(share);
  bench.out->ask_at_most("two equal calls: from half of the time, %", 5, worst);
}

}  // namespace bench
