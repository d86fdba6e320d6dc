// SPDX-License-Identifier: MIT
// What a journal takes: small results a second on a tmpfs, and the time of a job of short tasks
// with a journal on disk against the same job without one, in pairs.
#include <rankwise/program.hpp>
#include <rankwise/rankwise.hpp>

#include "support/estimate.hpp"
#include "support/machine.hpp"
#include "support/program.hpp"
#include "support/report.hpp"
#include "support/work.hpp"

#include <boost/mpi/communicator.hpp>
#include <boost/program_options/value_semantic.hpp>
#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <ranges>
#include <string>
#include <unistd.h>
#include <vector>

namespace {

struct settings {
  std::uint64_t n_small = 1'000'000;
  std::uint64_t n_tasks = 4000;
  std::uint32_t repeats = 5;
  std::uint32_t pairs = 15;
  std::string memory_folder = "/dev/shm";
  std::string disk_folder = ".";
};

struct small {
  std::uint64_t operator()(std::uint64_t index) const { return index * index; }
};

struct short_task {
  std::uint64_t n_rounds = 0;

  std::uint64_t operator()(std::uint64_t index) const { return bench::burn(index, n_rounds); }
};

/// Runs `task` for `n` items in a job of its own, from its start to its end; the journal is `file`,
/// a new one, or none where that is empty. Seconds, on the root.
template <class Task>
double time_of(const boost::mpi::communicator& world,
               rankwise::options how,
               const std::string& file,
               std::uint64_t n,
               const Task& task,
               std::uint64_t& checksum) {
  how.journal = file;
  world.barrier();
  const double begun = bench::wall_s();
  bench::run_job(world, how, [&](rankwise::pool& pool) {
    checksum = 0;
    std::uint64_t index = 0;
    for (const std::uint64_t value : pool.map(std::views::iota(std::uint64_t{0}, n), task))
      checksum += value * (2 * index++ + 1);
  });
  const double took = bench::wall_s() - begun;
  if (world.rank() == 0 && !file.empty()) {
    for (const char* const suffix : {"", "-wal", "-shm"}) std::filesystem::remove(file + suffix);
  }
  return took;
}

std::string file_in(const std::string& folder) {
  return fmt::format("{}/bench-journal-{}.db", folder, ::getpid());
}

void measure_small(const boost::mpi::communicator& world,
                   const rankwise::options& how,
                   const settings& given,
                   bench::report& out) {
  bench::row with{
      .name = "small results, journal on a tmpfs", .unit = "items/s", .n = given.n_small};
  bench::row without{.name = "small results, no journal", .unit = "items/s", .n = given.n_small};
  const std::string file = file_in(given.memory_folder);
  const auto n = static_cast<double>(given.n_small);
  for (std::uint32_t repeat = 0; repeat < given.repeats; ++repeat) {
    without.samples.push_back(n /
                              time_of(world, how, "", given.n_small, small{}, without.checksum));
    with.samples.push_back(n / time_of(world, how, file, given.n_small, small{}, with.checksum));
  }
  // A report of one item each is the most that a journal can be asked to write.
  rankwise::options one_by_one = how;
  one_by_one.schedule = rankwise::schedule_kind::self;
  bench::row single{.name = "small results, one a chunk, journal on a tmpfs",
                    .unit = "items/s",
                    .n = given.n_small / 10};
  for (std::uint32_t repeat = 0; repeat < given.repeats; ++repeat) {
    single.samples.push_back(static_cast<double>(single.n) /
                             time_of(world, one_by_one, file, single.n, small{}, single.checksum));
  }
  if (world.rank() != 0) return;
  bench::require(with.checksum == without.checksum, "the results differ with a journal");
  const double rate = bench::median(with.samples);
  out.add(std::move(without));
  out.add(std::move(with));
  out.add(std::move(single));
  out.ask_at_least("small results a second with a journal on a tmpfs", 100'000, rate);
}

void measure_tasks(const boost::mpi::communicator& world,
                   const rankwise::options& how,
                   const settings& given,
                   bench::report& out) {
  const short_task task{static_cast<std::uint64_t>(bench::rounds_a_second() * 1e-3)};
  const std::string file = file_in(given.disk_folder);
  bench::row with{.name = "1 ms tasks, journal on disk", .unit = "s", .n = given.n_tasks};
  bench::row without{.name = "1 ms tasks, no journal", .unit = "s", .n = given.n_tasks};
  std::vector<double> ratios;
  for (std::uint32_t pair = 0; pair < given.pairs; ++pair) {
    // Which comes first changes, so that neither gains by it.
    for (const bool journaled : {pair % 2 == 0, pair % 2 != 0}) {
      bench::row& row = journaled ? with : without;
      row.samples.push_back(
          time_of(world, how, journaled ? file : "", given.n_tasks, task, row.checksum));
    }
    ratios.push_back(with.samples.back() / without.samples.back());
  }
  if (world.rank() != 0) return;
  bench::require(with.checksum == without.checksum, "the results differ with a journal");
  const bench::estimate slower = bench::estimate_of(ratios);
  bench::row ratio{.name = "with / without", .unit = "time", .n = given.n_tasks, .samples = ratios};
  ratio.figures = {{"mean", {slower.mean}}, {"margin", {slower.margin}}};
  ratio.note = fmt::format("mean of pairs {:.4f}; 95 % interval {:.4f} to {:.4f}",
                           slower.mean,
                           slower.mean - slower.margin,
                           slower.mean + slower.margin);
  out.add(std::move(without));
  out.add(std::move(with));
  out.add(std::move(ratio));
  out.ask_at_most("1 ms tasks slowed by a journal on disk, upper 95 % bound, %",
                  3,
                  100 * (slower.mean + slower.margin - 1));
}

}  // namespace

int main(int argc, char** argv) {
  settings given;
  rankwise::program what{.name = "bench_journal",
                         .summary = "what a journal takes",
                         .options = boost::program_options::options_description("Options")};
  namespace po = boost::program_options;
  what.options.add_options()(
      "n-small", rankwise::whole_number(given.n_small, 10U), "small results")(
      "n-tasks", rankwise::whole_number(given.n_tasks, 1U), "tasks of 1 ms")(
      "repeats", rankwise::whole_number(given.repeats, 1U), "of small results")(
      "pairs", rankwise::whole_number(given.pairs, 2U), "of jobs of 1 ms tasks")(
      "memory-folder", po::value(&given.memory_folder), "on a tmpfs")(
      "disk-folder", po::value(&given.disk_folder), "on a disk");
  return bench::run_on_all(
      argc, argv, what, [&](const boost::mpi::communicator& world, const rankwise::options& how) {
        bench::require(world.size() >= 2, "needs 2 ranks: bench/run journal");
        bench::report out("journal", world.size());
        measure_small(world, how, given, out);
        measure_tasks(world, how, given, out);
        if (world.rank() == 0) out.print_table();
      });
}
