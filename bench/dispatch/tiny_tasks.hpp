// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/rankwise.hpp>

#include "support/machine.hpp"
#include "support/program.hpp"
#include "support/report.hpp"

#include <boost/mpi/communicator.hpp>

#include <cstdint>
#include <functional>
#include <ranges>
#include <string>
#include <vector>

namespace bench {

/// Some 0.6 us of floating-point arithmetic, each step of which waits for the one before.
inline double tiny_task(std::uint32_t index) {
  double value = index;
  for (int step = 0; step < 300; ++step) value = value * 0.999999 + 1e-3;
  return value;
}

inline double tiny_task_with_context(rankwise::task_context& /*context*/, std::uint32_t index) {
  return tiny_task(index);
}

/// What tiny tasks take on one rank, over what the same loop by hand takes right before: a row for
/// each kind of call.
inline std::vector<row> run_tiny_tasks(const boost::mpi::communicator& world,
                                       rankwise::options how,
                                       std::uint32_t n,
                                       std::uint32_t repeats) {
  how.max_ranks = 1;
  std::vector<row> rows;
  for (const char* const name : {"map", "reduce", "map with a task_context"})
    rows.push_back({.name = std::string("tiny: ") + name, .unit = "of a loop", .n = n});
  run_job(world, how, [&](rankwise::pool& pool) {
    const auto numbers = std::views::iota(std::uint32_t{0}, n);
    const auto timed = [](auto work) {
      const double begun = wall_s();
      work();
      return wall_s() - begun;
    };
    for (std::uint32_t repeat = 0; repeat < repeats; ++repeat) {
      double sum = 0;
      const auto loop = [&] {
        sum = 0;
        for (const std::uint32_t number : numbers) sum += tiny_task(number);
      };
      const auto pair = [&](row& into, auto call) {
        const double by_hand = timed(loop);
        into.samples.push_back(timed(call) / by_hand);
      };
      std::vector<double> mapped;
      const auto check = [&](const std::string& name) {
        double again = 0;
        for (const double one : mapped) again += one;
        require(again == sum, name + ": wrong results");
      };
      pair(rows[0], [&] { mapped = pool.map(numbers, rankwise::fn<tiny_task>); });
      check(rows[0].name);
      double reduced = 0;
      pair(rows[1],
           [&] { reduced = pool.reduce(numbers, 0.0, std::plus<>{}, rankwise::fn<tiny_task>); });
      require(reduced > sum * 0.999999 && reduced < sum * 1.000001, "tiny: reduce: a wrong sum");
      pair(rows[2], [&] { mapped = pool.map(numbers, rankwise::fn<tiny_task_with_context>); });
      check(rows[2].name);
    }
  });
  return rows;
}

}  // namespace bench
