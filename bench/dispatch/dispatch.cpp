// SPDX-License-Identifier: MIT
// What handing out work costs: tasks that do nothing, by the library and by hand, and ranks that
// have nothing to do.
#include <rankwise/program.hpp>
#include <rankwise/rankwise.hpp>

#include "dispatch/one_message_frames.hpp"
#include "dispatch/tiny_tasks.hpp"
#include "support/by_hand.hpp"
#include "support/idle_watch.hpp"
#include "support/machine.hpp"
#include "support/program.hpp"
#include "support/report.hpp"

#include <boost/mpi/communicator.hpp>
#include <fmt/format.h>
#include <mpi.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <ranges>
#include <string>
#include <thread>
#include <vector>

namespace {

struct settings {
  std::uint64_t n_empty = 10'000'000;
  std::uint64_t n_chunk_1 = 1'000'000;
  std::uint32_t n_tiny = 200'000;
  std::uint32_t repeats = 5;
  std::uint32_t idle_seconds = 10;  // 0: not measured
  std::uint64_t mpi4py_rate = 0;    // items/s of mpi4py.futures; 0: not measured
  bool only_message = false;
};

std::uint64_t empty_task(std::uint64_t index) {
  return index;
}

/// Depends on each result and its place.
std::uint64_t checksum(const std::vector<std::uint64_t>& results) {
  std::uint64_t sum = 0;
  for (std::uint64_t i = 0; i < results.size(); ++i) sum += results[i] * (2 * i + 1);
  return sum;
}

std::uint64_t expected_checksum(std::uint64_t n) {
  std::uint64_t sum = 0;
  for (std::uint64_t i = 0; i < n; ++i) sum += i * (2 * i + 1);
  return sum;
}

/// One kind of run, its repeats, and what they cost the root.
struct series {
  bench::row row;
  std::vector<double> frames;  // that the root sent and received
  std::vector<double> root_cpu_s;

  void add(std::uint64_t n, double seconds, const std::vector<std::uint64_t>& results) {
    row.n = n;
    row.samples.push_back(static_cast<double>(n) / seconds);
    row.checksum = checksum(results);
    bench::require(results.size() == n && row.checksum == expected_checksum(n),
                   row.name + ": wrong results");
  }
};

series new_series(const std::string& name) {
  series made;
  made.row.name = name;
  made.row.unit = "items/s";
  return made;
}

/// `n` empty tasks through the library.
void run_pool(const boost::mpi::communicator& world,
              const rankwise::options& how,
              std::uint64_t n,
              series& into) {
  bench::run_job(world, how, [&](rankwise::pool& pool) {
    const double cpu_before = bench::process_cpu_s();
    const double begun = bench::wall_s();
    const auto results = pool.map(std::views::iota(std::uint64_t{0}, n), rankwise::fn<empty_task>);
    const double seconds = bench::wall_s() - begun;
    into.root_cpu_s.push_back(bench::process_cpu_s() - cpu_before);
    into.frames.push_back(static_cast<double>(pool.totals().messages));
    into.add(n, seconds, results);
  });
}

void run_by_hand(const boost::mpi::communicator& world,
                 std::uint64_t n,
                 std::uint64_t n_outstanding,
                 series& into) {
  world.barrier();
  const double begun = bench::wall_s();
  const auto results = bench::by_hand<std::uint64_t>(
      world, {.n_items = n, .n_outstanding = n_outstanding}, empty_task);
  const double seconds = bench::wall_s() - begun;
  if (world.rank() == 0) into.add(n, seconds, results);
  into.frames.push_back(2 * static_cast<double>(n));
}

/// Each rank runs an equal share, the root in the place where the results belong, and gathers the
/// others'.
void run_gather(const boost::mpi::communicator& world, std::uint64_t n, series& into) {
  world.barrier();
  const double begun = bench::wall_s();
  const auto n_ranks = static_cast<std::uint64_t>(world.size());
  const auto rank = static_cast<std::uint64_t>(world.rank());
  const auto first_of = [&](std::uint64_t of_rank) { return n * of_rank / n_ranks; };
  std::vector<int> counts;
  std::vector<int> places;
  for (std::uint64_t other = 0; other < n_ranks; ++other) {
    places.push_back(static_cast<int>(first_of(other)));
    counts.push_back(static_cast<int>(first_of(other + 1) - first_of(other)));
  }
  std::vector<std::uint64_t> results(rank == 0 ? n : first_of(rank + 1) - first_of(rank));
  for (std::uint64_t i = first_of(rank); i < first_of(rank + 1); ++i)
    results[i - first_of(rank)] = empty_task(i);
  MPI_Gatherv(rank == 0 ? MPI_IN_PLACE : results.data(),
              rank == 0 ? 0 : counts[rank],
              MPI_UINT64_T,
              results.data(),
              counts.data(),
              places.data(),
              MPI_UINT64_T,
              0,
              world);
  if (rank == 0) into.add(n, bench::wall_s() - begun, results);
}

/// Each message in a frame of its own.
void run_alone(const boost::mpi::communicator& world, std::uint64_t n, series& into) {
  world.barrier();
  const bench::one_message_run run = bench::run_one_message_frames(world, n);
  if (world.rank() != 0) return;
  into.add(n, run.seconds, run.results);
  into.frames.push_back(static_cast<double>(run.n_frames));
  into.root_cpu_s.push_back(run.root_cpu_s);
}

/// Adds a row of chunk 1, and one of what a message of it takes the root, whose `figure` is the
/// median.
void add_chunk_1(bench::report& out, series& one, const std::string& figure) {
  const double frames = bench::median(one.frames);
  const double per_frame = 2 * static_cast<double>(one.row.n) / frames;
  one.row.figures = {{"frames", {frames}}, {"per_frame", {per_frame}}};
  one.row.note =
      fmt::format("{:.0f} MPI messages, {:.1f} grants or results in each", frames, per_frame);
  out.add(one.row);
  if (one.root_cpu_s.empty()) return;
  bench::row cost{.name = one.row.name + ": root's time",
                  .unit = "ns",
                  .n = one.row.n,
                  .checksum = one.row.checksum};
  for (std::size_t i = 0; i < one.frames.size(); ++i)
    cost.samples.push_back(1e9 * one.root_cpu_s[i] / one.frames[i]);
  cost.figures = {{figure, {bench::median(cost.samples)}}};
  cost.note = "of CPU for each MPI message that it sends or receives";
  out.add(cost);
}

/// The CPU use of each rank while the body on the root sleeps; on rank 0 the table of all.
std::vector<double> measure_idle(const boost::mpi::communicator& world,
                                 const rankwise::options& how,
                                 std::uint32_t seconds) {
  world.barrier();
  bench::idle_watch watch(seconds);
  bench::run_job(world, how, [&](rankwise::pool& pool) {
    pool.for_each(std::views::iota(0, 1000), [](int) {});
    std::this_thread::sleep_for(std::chrono::seconds(seconds + 2));
  });
  const double mine = watch.use();
  std::vector<double> all(static_cast<std::size_t>(world.size()));
  MPI_Gather(&mine, 1, MPI_DOUBLE, all.data(), 1, MPI_DOUBLE, 0, world);
  return all;
}

void add_idle(bench::report& out, const std::vector<double>& uses, std::uint32_t seconds) {
  double worst = 0;
  for (std::size_t rank = 0; rank < uses.size(); ++rank) {
    worst = std::max(worst, 100 * uses[rank]);
    out.add({.name = fmt::format("idle: CPU use of rank {}", rank),
             .unit = "% of a core",
             .samples = {100 * uses[rank]},
             .note = fmt::format("getrusage over {} s, idle for 1.5 s before{}",
                                 seconds,
                                 rank == 0 ? "; the root's body sleeps" : "")});
  }
  out.ask_at_most("idle ranks' CPU use, % of a core", 2, worst);
}

void measure(const boost::mpi::communicator& world,
             const rankwise::options& how,
             const settings& given) {
  constexpr std::array<std::uint64_t, 3> outstanding{1, 4, 16};
  series defaults = new_series("empty: rankwise, defaults");
  series gather = new_series("empty: by hand, equal shares and MPI_Gatherv");
  series chunk_1 = new_series("chunk 1: rankwise, root not working");
  series alone = new_series("chunk 1: rankwise's core, unpacked");
  std::vector<series> hand;
  for (const std::uint64_t window : outstanding)
    hand.push_back(new_series(fmt::format("chunk 1: by hand, {} outstanding", window)));

  rankwise::options one_by_one = how;
  one_by_one.schedule = rankwise::schedule_kind::self;
  one_by_one.chunk = 1;
  one_by_one.root_works = false;
  // In turn, so that what disturbs the machine for a while disturbs all alike.
  for (std::uint32_t repeat = 0; repeat < given.repeats; ++repeat) {
    run_alone(world, given.n_chunk_1, alone);
    if (given.only_message) continue;
    run_pool(world, one_by_one, given.n_chunk_1, chunk_1);
    for (std::size_t i = 0; i < hand.size(); ++i)
      run_by_hand(world, given.n_chunk_1, outstanding[i], hand[i]);
    run_pool(world, how, given.n_empty, defaults);
    run_gather(world, given.n_empty, gather);
  }
  constexpr std::uint32_t tiny_repeats = 15;
  std::vector<bench::row> tiny;
  if (!given.only_message && given.n_tiny != 0)
    tiny = bench::run_tiny_tasks(world, how, given.n_tiny, tiny_repeats);
  const bool idle = given.idle_seconds != 0 && !given.only_message;
  const std::vector<double> uses =
      idle ? measure_idle(world, how, given.idle_seconds) : std::vector<double>{};
  if (world.rank() != 0) return;

  bench::report out("dispatch", world.size());
  if (given.only_message) {
    add_chunk_1(out, alone, "message_ns");
    out.print_table();
    return;
  }
  defaults.row.figures = {{"frames", {bench::median(defaults.frames)}}};
  defaults.row.note = fmt::format("{:.0f} MPI messages", bench::median(defaults.frames));
  out.add(defaults.row);
  out.add(gather.row);
  add_chunk_1(out, chunk_1, "frame_ns");
  add_chunk_1(out, alone, "message_ns");
  for (series& one : hand) add_chunk_1(out, one, "");
  for (const bench::row& one : tiny) {
    out.add(one);
    out.ask_at_most(one.name + ", of a loop by hand", 1.08, bench::median(one.samples));
  }
  out.ask_at_least("empty tasks, defaults / equal shares by hand",
                   0.90,
                   bench::median(defaults.row.samples) / bench::median(gather.row.samples));
  const double ours = bench::median(chunk_1.row.samples);
  out.ask_at_least("empty tasks, defaults, items/s", 10e6, bench::median(defaults.row.samples));
  out.ask_at_least(
      "chunk 1 / by hand with 4 outstanding", 0.5, ours / bench::median(hand[1].row.samples));
  out.ask_at_least("chunk 1, one message each / by hand with 4 outstanding",
                   0.75,
                   bench::median(alone.row.samples) / bench::median(hand[1].row.samples));
  if (given.mpi4py_rate == 0) {
    out.leave_out("chunk 1: mpi4py.futures",
                  "not installed: python3-mpi4py (scripts/setup --bench)");
  } else {
    const auto theirs = static_cast<double>(given.mpi4py_rate);
    out.show({.name = "chunk 1: mpi4py.futures, chunksize 1",
              .unit = "items/s",
              .samples = {theirs},
              .note = "median; all of it in its own line of JSON"});
    out.ask_at_least("chunk 1 / mpi4py.futures", 300, ours / theirs);
  }
  if (idle) add_idle(out, uses, given.idle_seconds);
  out.print_table();
}

}  // namespace

int main(int argc, char** argv) {
  settings given;
  rankwise::program what{.name = "bench_dispatch",
                         .summary = "what handing out work costs, by the library and by hand",
                         .options = boost::program_options::options_description("Options")};
  what.options.add_options()(
      "n-empty", rankwise::whole_number(given.n_empty, 1U), "empty tasks with default settings")(
      "n-chunk-1", rankwise::whole_number(given.n_chunk_1, 1U), "empty tasks one by one")(
      "n-tiny",
      rankwise::whole_number(given.n_tiny),
      "tasks of some 0.6 us on one rank, against the same loop by hand; 0: not measured")(
      "repeats", rankwise::whole_number(given.repeats, 1U), "of each run")(
      "idle-seconds",
      rankwise::whole_number(given.idle_seconds),
      "how long idle ranks are watched; 0: not at all")(
      "mpi4py-rate",
      rankwise::whole_number(given.mpi4py_rate),
      "items/s that mpi4py.futures has reached; 0: it is not installed")(
      "only-message",
      boost::program_options::bool_switch(&given.only_message),
      "measure only the root's time a message");
  return bench::run_on_all(
      argc, argv, what, [&](const boost::mpi::communicator& world, const rankwise::options& how) {
        bench::require(world.size() >= 2, "needs 2 ranks: bench/run dispatch");
        measure(world, how, given);
      });
}
