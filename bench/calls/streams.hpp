// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/rankwise.hpp>
#include <rankwise/stream.hpp>

#include "calls/settings.hpp"
#include "calls/short_calls.hpp"
#include "support/machine.hpp"
#include "support/program.hpp"
#include "support/report.hpp"
#include "support/resident.hpp"
#include "support/work.hpp"

#include <fmt/format.h>
#include <mpi.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <malloc.h>
#include <ranges>
#include <string>
#include <vector>

namespace bench {

/// Seconds that an item takes from the source to a sink that only checks the order.
inline double stream_item_seconds(rankwise::pool& pool, std::uint64_t n) {
  std::uint64_t due = 0;
  const auto check = [&](std::uint64_t value) { require(value == ++due, "stream: wrong order"); };
  const double begun = wall_s();
  pool.stream(std::views::iota(std::uint64_t{0}, n), rankwise::fn<next_number>, check);
  require(due == n, "stream: results are missing");
  return (wall_s() - begun) / static_cast<double>(n);
}

/// What a sink does that takes some time for each item, and checks the order of the items.
class slow_sink {
 public:
  explicit slow_sink(std::uint64_t n_rounds) : n_rounds_(n_rounds) {}

  void take(std::uint64_t value) {
    require(value == ++due_, "stream: wrong order");
    state_ = burn(state_ + value, n_rounds_);
  }

  std::uint64_t n_taken() const { return due_; }

  std::uint64_t state() const { return state_; }

 private:
  std::uint64_t n_rounds_;
  std::uint64_t due_ = 0;
  std::uint64_t state_ = 0;
};

/// A stream of integers whose sink is ten times slower than the ranks: time against the same loop
/// by hand, and memory.
inline void measure_slow_sink(const call_bench& bench) {
  constexpr double slower = 10;
  const std::uint64_t n = bench.given.n_streamed;
  row ours{.name = "slow sink: rankwise", .unit = "items/s", .n = n};
  row hand{.name = "slow sink: a loop by hand", .unit = "items/s", .n = n};
  hand.note = "task and sink in one loop on the root";
  std::vector<row> memory;
  for (int rank = 0; rank < bench.world.size(); ++rank) {
    memory.push_back({.name = fmt::format("slow sink: growth of rank {}'s memory", rank),
                      .unit = "MiB",
                      .n = n});
  }
  std::uint64_t n_rounds = 0;
  double item_ns = 0;
  for (std::uint32_t repeat = 0; repeat < bench.given.repeats; ++repeat) {
    malloc_trim(0);
    memory_watch growth;
    double begun = 0;
    run_job(bench.world, bench.how, [&](rankwise::pool& pool) {
      if (n_rounds == 0) {
        const double seconds = stream_item_seconds(pool, std::min<std::uint64_t>(n, 2'000'000));
        item_ns = 1e9 * seconds;
        n_rounds = static_cast<std::uint64_t>(slower * seconds * rounds_a_second());
      }
      slow_sink sink(n_rounds);
      begun = wall_s();
      pool.stream(std::views::iota(std::uint64_t{0}, n),
                  rankwise::fn<next_number>,
                  [&sink](std::uint64_t value) { sink.take(value); });
      ours.samples.push_back(static_cast<double>(n) / (wall_s() - begun));
      require(sink.n_taken() == n, "stream: results are missing");
      ours.checksum = sink.state();
    });
    const double mine = growth.growth() / (1024.0 * 1024.0);
    std::vector<double> all(memory.size());
    MPI_Gather(&mine, 1, MPI_DOUBLE, all.data(), 1, MPI_DOUBLE, 0, bench.world);
    if (bench.out == nullptr) continue;
    for (std::size_t rank = 0; rank < all.size(); ++rank) memory[rank].samples.push_back(all[rank]);
    slow_sink sink(n_rounds);
    begun = wall_s();
    for (std::uint64_t i = 0; i < n; ++i) sink.take(next_number(i));
    hand.samples.push_back(static_cast<double>(n) / (wall_s() - begun));
    hand.checksum = sink.state();
    require(hand.checksum == ours.checksum, "stream: a wrong sum");
  }
  if (bench.out == nullptr) return;
  ours.figures = {{"item_ns_without_sink", {item_ns}}};
  ours.note = fmt::format("{:.0f} ns an item where the sink does nothing", item_ns);
  bench.out->add(ours);
  bench.out->add(hand);
  double most = 0;
  for (const row& one : memory) {
    bench.out->add(one);
    most = std::max(most, *std::max_element(one.samples.begin(), one.samples.end()));
  }
  bench.out->ask_at_most("slow sink: growth of a rank's memory, MiB", 32, most);
}

/// What a task has found, and took.
struct searched {
  std::uint64_t prime = 0;  ///< 0: it is none
  double seconds = 0;
};

/// Tries all divisors, so that each task takes equally long.
inline searched search_prime(std::uint64_t number) {
  constexpr std::uint64_t n_divisors = 1'000'000;
  const double begun = wall_s();
  std::uint64_t n_found = 0;
  for (std::uint64_t divisor = 2; divisor <= n_divisors; ++divisor)
    n_found += number % divisor == 0 ? 1U : 0U;
  return {n_found == 0 ? number : 0, wall_s() - begun};
}

inline double begin_of_task(std::uint32_t /*rank*/) {
  return wall_s();
}

/// An endless source, whose sink has enough at the first prime number: how soon after that all
/// ranks do something else, in lengths of a task.
inline void measure_endless_source(const call_bench& bench) {
  constexpr std::uint64_t bound = 1'000'000'000'000 - 10'000;  // below the square of n_divisors
  row ours{.name = "endless source: until all ranks are free", .unit = "task lengths", .n = 1};
  std::vector<double> lengths;
  std::vector<double> thrown_away;
  const std::uint32_t n = 4 * bench.given.repeats;  // chance says where in a task a rank is
  run_job(bench.world, bench.how, [&](rankwise::pool& pool) {
    for (std::uint32_t i = 0; i < n; ++i) {
      std::vector<double> seconds;
      double enough_at = 0;
      const rankwise::stream_report done = pool.stream(
          std::views::iota(bound), rankwise::fn<search_prime>, [&](const searched& found) {
            seconds.push_back(found.seconds);
            ours.checksum = found.prime;
            enough_at = wall_s();
            return found.prime == 0;
          });
      const std::vector<double> free_at = pool.on_each_rank(rankwise::fn<begin_of_task>);
      const double last = *std::max_element(free_at.begin(), free_at.end());
      ours.samples.push_back((last - enough_at) / median(seconds));
      lengths.push_back(1e3 * median(seconds));
      thrown_away.push_back(static_cast<double>(done.n_thrown_away));
    }
  });
  if (bench.out == nullptr) return;
  ours.note = fmt::format("a task takes {:.1f} ms; {:.0f} items were thrown away",
                          median(lengths),
                          median(thrown_away));
  ours.figures = {{"task_ms", {median(lengths)}}, {"thrown_away", {median(thrown_away)}}};
  bench.out->add(ours);
  bench.out->ask_at_most(
      "endless source: until all ranks are free, task lengths", 2, median(ours.samples));
}

}  // namespace bench
