// SPDX-License-Identifier: MIT
// Many calls in a row on more ranks than cores, under each schedule, and one result of several
// gigabytes: nothing may hang, and nothing may be wrong.
#include <rankwise/program.hpp>
#include <rankwise/rankwise.hpp>

#include "endurance/watchdog.hpp"
#include "support/machine.hpp"
#include "support/program.hpp"
#include "support/report.hpp"
#include "support/work.hpp"

#include <boost/mpi/collectives/broadcast.hpp>
#include <boost/mpi/communicator.hpp>
#include <fmt/format.h>
#include <mpi.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <ranges>
#include <string>
#include <vector>

namespace {

struct settings {
  std::uint64_t n = 100'000;
  std::uint64_t task_us = 10;
  std::uint32_t repeats = 50;
  std::uint64_t result_mib = 3072;  // 0: none
  std::uint32_t patience_s = 300;   // for one call
};

constexpr std::array schedules{rankwise::schedule_kind::adaptive,
                               rankwise::schedule_kind::factoring,
                               rankwise::schedule_kind::guided,
                               rankwise::schedule_kind::self,
                               rankwise::schedule_kind::static_blocks};

struct short_task {
  std::uint64_t n_rounds;

  std::uint64_t operator()(std::uint64_t index) const { return bench::burn(index, n_rounds); }
};

/// The eight bytes at `place` of a large result.
std::uint64_t pattern(std::uint64_t place) {
  return bench::burn(place, 1) ^ (place << 32U);
}

/// A result whose every byte can be told from its place.
std::vector<std::uint8_t> large_result(std::uint64_t n_bytes) {
  std::vector<std::uint8_t> bytes(n_bytes);
  for (std::uint64_t at = 0; at < n_bytes; at += sizeof at) {
    const std::uint64_t word = pattern(at);
    std::memcpy(bytes.data() + at, &word, sizeof word);
  }
  return bytes;
}

bool is_exact(const std::vector<std::uint8_t>& bytes, std::uint64_t n_bytes) {
  if (bytes.size() != n_bytes) return false;
  for (std::uint64_t at = 0; at < n_bytes; at += sizeof at) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + at, sizeof word);
    if (word != pattern(at)) return false;
  }
  return true;
}

void run_schedules(const boost::mpi::communicator& world,
                   const rankwise::options& how,
                   const settings& given,
                   bench::report& out) {
  auto n_rounds = static_cast<std::uint64_t>(bench::rounds_a_second() * 1e-6 *
                                             static_cast<double>(given.task_us));
  boost::mpi::broadcast(world, n_rounds, 0);
  const short_task task{n_rounds};
  std::vector<std::uint64_t> expected;
  for (std::uint64_t index = 0; index < given.n && world.rank() == 0; ++index)
    expected.push_back(task(index));
  bench::run_job(world, how, [&](rankwise::pool& pool) {
    bench::watchdog watch(std::chrono::seconds(given.patience_s));
    std::array<bench::row, schedules.size()> rows;
    for (std::uint32_t repeat = 0; repeat < given.repeats; ++repeat) {
      for (std::size_t i = 0; i < schedules.size(); ++i) {
        rankwise::options one = how;
        one.schedule = schedules[i];
        const std::string name(rankwise::name_of(schedules[i]));
        watch.expect(fmt::format("{}, repeat {}", name, repeat));
        const double begun = bench::wall_s();
        const auto results = pool.with(one).map(std::views::iota(std::uint64_t{0}, given.n), task);
        rows[i].samples.push_back(bench::wall_s() - begun);
        bench::require(results == expected, name + ": wrong results");
        rows[i].name = name;
      }
    }
    std::uint64_t checksum = 0;
    for (std::uint64_t i = 0; i < given.n; ++i) checksum += expected[i] * (2 * i + 1);
    for (bench::row& one : rows) {
      one.unit = "s";
      one.n = given.n;
      one.checksum = checksum;
      one.note = fmt::format("{} times {} tasks of {} us, no hang, all results right",
                             given.repeats,
                             given.n,
                             given.task_us);
      out.add(one);
    }
  });
}

void run_large_result(const boost::mpi::communicator& world,
                      const rankwise::options& how,
                      const settings& given,
                      bench::report& out) {
  const std::uint64_t n_bytes = given.result_mib << 20U;
  double seconds = 0;
  rankwise::options elsewhere = how;
  elsewhere.root_works = false;
  bench::run_job(world, elsewhere, [&](rankwise::pool& pool) {
    bench::watchdog watch(std::chrono::seconds(given.patience_s));
    watch.expect("the large result");
    const double begun = bench::wall_s();
    const auto results = pool.map(std::vector<std::uint64_t>{n_bytes}, rankwise::fn<large_result>);
    seconds = bench::wall_s() - begun;
    bench::require(is_exact(results.at(0), n_bytes), "the large result is not what was sent");
  });
  const double mine = bench::peak_gib();
  std::vector<double> peaks(static_cast<std::size_t>(world.size()));
  MPI_Gather(&mine, 1, MPI_DOUBLE, peaks.data(), 1, MPI_DOUBLE, 0, world);
  if (world.rank() != 0) return;
  out.add({.name = "one large result",
           .unit = "s",
           .n = n_bytes,
           .samples = {seconds},
           .checksum = pattern(n_bytes - sizeof(std::uint64_t)),
           .figures = {{"peak_gib", peaks}},
           .note = fmt::format(
               "{} bytes, exact; peak memory by rank {:.2f} GiB", n_bytes, fmt::join(peaks, " "))});
}

}  // namespace

int main(int argc, char** argv) {
  settings given;
  rankwise::program what{.name = "bench_endurance",
                         .summary = "many calls in a row, and a result of several gigabytes",
                         .options = boost::program_options::options_description("Options")};
  what.options.add_options()("n", rankwise::whole_number(given.n, 1U), "tasks of a call")(
      "task-us", rankwise::whole_number(given.task_us, 1U), "CPU time of a task")(
      "repeats", rankwise::whole_number(given.repeats), "calls under each schedule")(
      "result-mib", rankwise::whole_number(given.result_mib), "size of the large result; 0: none")(
      "patience-s",
      rankwise::whole_number(given.patience_s, 1U),
      "a call that takes longer is taken for hung");
  return bench::run_on_all(
      argc, argv, what, [&](const boost::mpi::communicator& world, const rankwise::options& how) {
        bench::report out("endurance", world.size());
        if (given.repeats != 0) run_schedules(world, how, given, out);
        if (given.result_mib != 0) run_large_result(world, how, given, out);
        if (world.rank() == 0) out.print_table();
      });
}
