// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/future.hpp>
#include <rankwise/rankwise.hpp>

#include "calls/settings.hpp"
#include "support/by_hand.hpp"
#include "support/idle_watch.hpp"
#include "support/machine.hpp"
#include "support/program.hpp"
#include "support/report.hpp"

#include <fmt/format.h>
#include <mpi.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

namespace bench {

inline std::uint64_t next_number(std::uint64_t number) {
  return number + 1;
}

/// Microseconds from `submit` to the end of `get`, the task being run on rank 1: `n` times in a
/// row, each after a sleep of `pause`.
inline std::vector<double> time_round_trips(rankwise::pool& pool,
                                            std::uint64_t n,
                                            std::chrono::milliseconds pause) {
  constexpr std::uint64_t n_before = 100;
  for (std::uint64_t i = 0; i < n_before; ++i) pool.submit(rankwise::fn<next_number>, i).get();
  std::vector<double> times;
  for (std::uint64_t i = 0; i < n; ++i) {
    if (pause.count() != 0) std::this_thread::sleep_for(pause);
    const double begun = wall_s();
    const std::uint64_t value = pool.submit(rankwise::fn<next_number>, i).get();
    times.push_back(1e6 * (wall_s() - begun));
    require(value == i + 1, "submit: a wrong value");
  }
  return times;
}

/// `submit` and `get`, one after the other.
inline void measure_round_trips(const call_bench& bench) {
  row ours{.name = "submit, get: rankwise", .unit = "us", .n = bench.given.n_round_trips};
  row hand{.name = "submit, get: by hand", .unit = "us", .n = bench.given.n_round_trips};
  ours.note = "the median of each repeat; the task runs on rank 1";
  hand.note = "MPI_Send, MPI_Recv; the mean of each repeat";
  std::vector<double> late;
  for (std::uint32_t repeat = 0; repeat < bench.given.repeats; ++repeat) {
    run_job(bench.world, bench.others_work(), [&](rankwise::pool& pool) {
      const std::vector<double> times =
          time_round_trips(pool, bench.given.n_round_trips, std::chrono::milliseconds(0));
      ours.samples.push_back(median(times));
      late.push_back(quantile(times, 0.95));
    });
    bench.world.barrier();
    const double begun = wall_s();
    const auto results = by_hand<std::uint64_t>(
        bench.world, {.n_items = bench.given.n_round_trips, .n_outstanding = 1}, next_number);
    hand.samples.push_back(1e6 * (wall_s() - begun) /
                           static_cast<double>(bench.given.n_round_trips));
  }
  if (bench.out == nullptr) return;
  ours.figures = {{"percentile_95", late}};
  bench.out->add(ours);
  bench.out->add(hand);
  bench.show_mpi4py("submit, get", "us", bench.given.mpi4py_submit_us);
  bench.out->ask_at_most("submit, get, us", 15, median(ours.samples));
}

/// The same after a second in which nothing was to do, and what ranks take that wait for it.
inline void measure_after_idleness(const call_bench& bench) {
  row ours{.name = "submit, get after a second: rankwise", .unit = "us", .n = 1};
  ours.note = "each a sample";
  const std::uint32_t seconds = bench.given.idle_seconds;
  bench.world.barrier();
  idle_watch watch(seconds);
  run_job(bench.world, bench.others_work(), [&](rankwise::pool& pool) {
    time_round_trips(pool, 1, std::chrono::milliseconds(0));
    std::this_thread::sleep_for(std::chrono::seconds(seconds + 2));
    ours.samples =
        time_round_trips(pool, bench.given.n_idle_calls, std::chrono::milliseconds(1000));
  });
  const double mine = watch.use();
  std::vector<double> uses(static_cast<std::size_t>(bench.world.size()));
  MPI_Gather(&mine, 1, MPI_DOUBLE, uses.data(), 1, MPI_DOUBLE, 0, bench.world);
  if (bench.out == nullptr) return;
  bench.out->add(ours);
  bench.show_mpi4py("submit, get after a second", "us", bench.given.mpi4py_idle_us);
  for (std::size_t rank = 0; rank < uses.size(); ++rank) {
    bench.out->add(
        {.name = fmt::format("idle after submit: CPU use of rank {}", rank),
         .unit = "% of a core",
         .samples = {100 * uses[rank]},
         .note = fmt::format("over {} s{}", seconds, rank == 0 ? "; the root's body sleeps" : "")});
  }
  bench.out->ask_at_most("submit, get after a second, us", 1000, median(ours.samples));
  bench.out->ask_at_most("idle ranks' CPU use after submit, % of a core",
                         1,
                         100 * *std::max_element(uses.begin(), uses.end()));
}

/// What `map` does for four items on two ranks, by hand: rank 0 sends two of them, and computes
/// two.
inline void map_four_by_hand(MPI_Comm communicator, int rank, std::uint64_t first) {
  std::array<std::uint64_t, 4> items{first, first + 1, first + 2, first + 3};
  if (rank == 0) {
    MPI_Send(items.data() + 2, 2, MPI_UINT64_T, 1, 1, communicator);
    for (std::size_t i = 0; i < 2; ++i) items[i] = next_number(items[i]);
    MPI_Recv(items.data() + 2, 2, MPI_UINT64_T, 1, 2, communicator, MPI_STATUS_IGNORE);
    for (std::uint64_t i = 0; i < 4; ++i) require(items[i] == first + i + 1, "by hand: wrong");
  } else if (rank == 1) {
    MPI_Recv(items.data(), 2, MPI_UINT64_T, 0, 1, communicator, MPI_STATUS_IGNORE);
    for (std::size_t i = 0; i < 2; ++i) items[i] = next_number(items[i]);
    MPI_Send(items.data(), 2, MPI_UINT64_T, 0, 2, communicator);
  }
}

/// `map` of four items of eight bytes, many times.
inline void measure_small_maps(const call_bench& bench) {
  const std::uint64_t n = bench.given.n_maps;
  row ours{.name = "map of four items: rankwise", .unit = "us", .n = n};
  row hand{.name = "map of four items: by hand", .unit = "us", .n = n};
  const auto each_us = [n](double begun) {
    return 1e6 * (wall_s() - begun) / static_cast<double>(n);
  };
  for (std::uint32_t repeat = 0; repeat < bench.given.repeats; ++repeat) {
    run_job(bench.world, bench.how, [&](rankwise::pool& pool) {
      const double begun = wall_s();
      for (std::uint64_t i = 0; i < n; ++i) {
        const std::vector<std::uint64_t> items{i, i + 1, i + 2, i + 3};
        const auto results = pool.map(items, rankwise::fn<next_number>);
        require(results == std::vector<std::uint64_t>{i + 1, i + 2, i + 3, i + 4},
                "map: wrong results");
      }
      ours.samples.push_back(each_us(begun));
    });
    bench.world.barrier();
    const double begun = wall_s();
    for (std::uint64_t i = 0; i < n; ++i) map_four_by_hand(bench.world, bench.world.rank(), i);
    hand.samples.push_back(each_us(begun));
  }
  if (bench.out == nullptr) return;
  bench.out->add(ours);
  bench.out->add(hand);
  bench.show_mpi4py("map of four items", "us", bench.given.mpi4py_map_us);
  bench.out->ask_at_most("map of four items, us", 25, median(ours.samples));
}

}  // namespace bench
