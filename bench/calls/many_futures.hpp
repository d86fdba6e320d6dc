// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/future.hpp>
#include <rankwise/rankwise.hpp>

#include "calls/settings.hpp"
#include "calls/short_calls.hpp"
#include "support/by_hand.hpp"
#include "support/machine.hpp"
#include "support/program.hpp"
#include "support/report.hpp"
#include "support/resident.hpp"

#include <algorithm>
#include <cstdint>
#include <malloc.h>
#include <vector>

namespace bench {

/// What one run with many futures outstanding has taken.
struct futures_run {
  double in_s = 0;
  double out_s = 0;
  double bytes = 0;  ///< that the root's memory has grown by
};

inline futures_run run_many_futures(rankwise::pool& pool, std::uint64_t n) {
  futures_run run;
  malloc_trim(0);  // else the memory of the run before is used again
  memory_watch memory;
  const double begun = wall_s();
  std::vector<rankwise::future<std::uint64_t>> futures;
  futures.reserve(n);
  for (std::uint64_t i = 0; i < n; ++i)
    futures.push_back(pool.submit(rankwise::fn<next_number>, i));
  const double submitted = wall_s();
  for (std::uint64_t i = 0; i < n; ++i)
    require(futures[i].get() == i + 1, "many futures: a wrong value");
  run.in_s = submitted - begun;
  run.out_s = wall_s() - submitted;
  run.bytes = memory.growth();
  return run;
}

/// Many futures that are all there at once: first all are submitted, then all are asked for.
inline void measure_many_futures(const call_bench& bench) {
  const std::uint64_t n = bench.given.n_futures;
  const auto per_second = [n](double seconds) { return static_cast<double>(n) / seconds; };
  row in{.name = "many futures: submitted, rankwise", .unit = "futures/s", .n = n};
  row out{.name = "many futures: got, rankwise", .unit = "futures/s", .n = n};
  row hand{.name = "many items: by hand, 16 outstanding", .unit = "items/s", .n = n};
  row held{.name = "many futures: memory, rankwise", .unit = "bytes each", .n = n};
  row unstarted{.name = "many futures: memory, none begun", .unit = "bytes each", .n = n};
  in.note = "rank 1 works on them meanwhile";
  out.note = "after the last was submitted";
  held.note = "the most that the root's resident memory has grown by, values included";
  unstarted.note = "the same where the root works alone, which it does once they are asked for";
  rankwise::options alone = bench.how;
  alone.max_ranks = 1;
  for (std::uint32_t repeat = 0; repeat < bench.given.repeats; ++repeat) {
    run_job(bench.world, bench.how, [&](rankwise::pool& pool) {
      const futures_run run = run_many_futures(pool, n);
      in.samples.push_back(per_second(run.in_s));
      out.samples.push_back(per_second(run.out_s));
      held.samples.push_back(run.bytes / static_cast<double>(n));
    });
    run_job(bench.world, alone, [&](rankwise::pool& pool) {
      unstarted.samples.push_back(run_many_futures(pool, n).bytes / static_cast<double>(n));
    });
    bench.world.barrier();
    const double begun = wall_s();
    by_hand<std::uint64_t>(bench.world, {.n_items = n, .n_outstanding = 16}, next_number);
    hand.samples.push_back(per_second(wall_s() - begun));
  }
  if (bench.out == nullptr) return;
  for (const row& one : {in, out, hand, held, unstarted}) bench.out->add(one);
  bench.show_mpi4py("many futures, in and out", "futures/s", bench.given.mpi4py_futures);
  bench.out->ask_at_least("futures submitted a second", 500'000, median(in.samples));
  bench.out->ask_at_least("futures got a second", 500'000, median(out.samples));
  const double bytes = std::max(median(held.samples), median(unstarted.samples));
  bench.out->ask_at_most(
      "bytes of a future, without the value", 200, bytes - sizeof(std::uint64_t));
}

}  // namespace bench
