// SPDX-License-Identifier: MIT
// How near to the ideal makespan tasks of unequal length come, under each schedule and by hand, on
// equal ranks, with a slow one, and with more ranks than cores.
#include <rankwise/program.hpp>
#include <rankwise/rankwise.hpp>

#include "support/by_hand.hpp"
#include "support/machine.hpp"
#include "support/program.hpp"
#include "support/report.hpp"
#include "support/work.hpp"

#include <boost/mpi/collectives/broadcast.hpp>
#include <boost/mpi/communicator.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <ranges>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

struct settings {
  std::uint64_t n = 2000;
  std::uint32_t repeats = 5;
  std::uint64_t mean_us = 1000;
  std::uint64_t seed = 2026;
  std::uint64_t rounds = 0;        // of a mean task; 0: as many as take mean_us here
  std::uint64_t reference_us = 0;  // makespan of 2 ranks; 0: none to compare with
};

/// What a task says of itself.
struct outcome {
  std::uint64_t state;
  double base_cpu_s;  // CPU time that it would have taken on a rank of speed 1
};

constexpr int slow_rank = 1;

/// A task: rounds by seed and index alone. The slow rank has `slowness` times as many.
struct work {
  std::uint64_t seed;
  double mean_rounds;
  std::uint64_t slowness;

  outcome run(std::uint64_t index, int rank) const {
    const double begun = bench::thread_cpu_s();
    const auto n_rounds = static_cast<std::uint64_t>(bench::exponential(seed, index) * mean_rounds);
    const std::uint64_t times = rank == slow_rank ? slowness : 1;
    std::uint64_t state = 0;
    for (std::uint64_t i = 0; i < times; ++i) {
      // Volatile: or the compiler would see that each time gives the same, and do it once.
      const volatile std::uint64_t start = index;
      state = bench::burn(start, n_rounds);
    }
    return {state, (bench::thread_cpu_s() - begun) / static_cast<double>(times)};
  }

  outcome operator()(rankwise::task_context& context, std::uint64_t index) const {
    return run(index, static_cast<int>(context.rank()));
  }
};

/// One kind of run: a schedule, or a number of outstanding items by hand.
struct contender {
  std::string name;
  rankwise::schedule_kind schedule = rankwise::schedule_kind::adaptive;
  std::uint64_t n_outstanding = 0;  // by hand where it is not 0
  std::uint64_t slowness = 1;
  bench::row row{};
  std::vector<double> makespans_s{};
  std::vector<double> stolen_s{};
};

class balance {
 public:
  balance(boost::mpi::communicator world, const rankwise::options& how, const settings& given)
      : world_(std::move(world)), how_(how), given_(given) {
    mean_rounds_ = given.rounds != 0
                       ? static_cast<double>(given.rounds)
                       : bench::rounds_a_second() * 1e-6 * static_cast<double>(given.mean_us);
    boost::mpi::broadcast(world_, mean_rounds_, 0);
    // Each rank's checksum of what the tasks must give, found serially.
    for (std::uint64_t index = 0; index < given_.n && world_.rank() == 0; ++index)
      expected_ += work{given_.seed, mean_rounds_, 1}.run(index, 0).state * (2 * index + 1);
    const bool compares_slow = world_.size() == 2;
    for (const std::uint64_t slowness : {1U, 3U}) {
      if (slowness != 1 && !compares_slow) continue;
      const std::string_view which = !compares_slow  ? "all ranks"
                                     : slowness == 1 ? "equal ranks"
                                                     : "rank 1 three times as slow";
      for (const rankwise::schedule_kind schedule : {rankwise::schedule_kind::adaptive,
                                                     rankwise::schedule_kind::factoring,
                                                     rankwise::schedule_kind::guided,
                                                     rankwise::schedule_kind::self,
                                                     rankwise::schedule_kind::static_blocks}) {
        contenders_.push_back({.name = fmt::format("{}: {}", which, rankwise::name_of(schedule)),
                               .schedule = schedule,
                               .slowness = slowness});
      }
      for (const std::uint64_t n_outstanding : {1U, 2U}) {
        contenders_.push_back(
            {.name = fmt::format("{}: by hand, {} outstanding", which, n_outstanding),
             .n_outstanding = n_outstanding,
             .slowness = slowness});
      }
    }
  }

  void measure() {
    // In turn, so that what disturbs the machine for a while disturbs all alike.
    for (std::uint32_t repeat = 0; repeat < given_.repeats; ++repeat)
      for (contender& one : contenders_) run(one);
    if (world_.rank() == 0) tell();
  }

 private:
  void run(contender& one) {
    const work task{given_.seed, mean_rounds_, one.slowness};
    const double stolen_before = bench::stolen_s();
    std::vector<outcome> outcomes;
    double seconds = 0;
    if (one.n_outstanding != 0) {
      world_.barrier();
      const double begun = bench::wall_s();
      const int rank = world_.rank();
      outcomes = bench::by_hand<outcome>(
          world_,
          {.n_items = given_.n, .n_outstanding = one.n_outstanding, .root_works = true},
          [&](std::uint64_t index) { return task.run(index, rank); });
      seconds = bench::wall_s() - begun;
    } else {
      rankwise::options how = how_;
      how.schedule = one.schedule;
      bench::run_job(world_, how, [&](rankwise::pool& pool) {
        const double begun = bench::wall_s();
        outcomes = pool.map(std::views::iota(std::uint64_t{0}, given_.n), task);
        seconds = bench::wall_s() - begun;
      });
    }
    if (world_.rank() == 0) keep(one, outcomes, seconds, bench::stolen_s() - stolen_before);
  }

  void keep(contender& one,
            const std::vector<outcome>& outcomes,
            double seconds,
            double stolen_s) const {
    double base_cpu_s = 0;
    std::uint64_t sum = 0;
    for (std::uint64_t index = 0; index < outcomes.size(); ++index) {
      base_cpu_s += outcomes[index].base_cpu_s;
      sum += outcomes[index].state * (2 * index + 1);
    }
    bench::require(outcomes.size() == given_.n && sum == expected_, one.name + ": wrong results");
    one.row.checksum = sum;
    one.makespans_s.push_back(seconds);
    one.stolen_s.push_back(stolen_s);
    one.row.samples.push_back(seconds * capacity(one) / base_cpu_s);
  }

  /// Of all ranks together, where a rank of speed 1 with a core of its own has 1.
  double capacity(const contender& one) const {
    const int n_at_once = std::min(world_.size(), static_cast<int>(bench::n_cores()));
    return n_at_once - 1 + 1.0 / static_cast<double>(one.slowness);
  }

  void tell() {
    bench::report out("balance", world_.size());
    for (contender& one : contenders_) {
      const double makespan_s = bench::median(one.makespans_s);
      one.row.name = one.name;
      one.row.n = given_.n;
      one.row.unit = "x ideal";
      one.row.figures = {{"makespan_s", one.makespans_s},
                         {"stolen_s", one.stolen_s},
                         {"makespan_us_median", {1e6 * makespan_s}},
                         {"rounds", {mean_rounds_}}};
      one.row.note = fmt::format("makespans {:.3f} s", fmt::join(one.makespans_s, " "));
      if (given_.reference_us != 0) {
        const double ratio = 1e6 * makespan_s / static_cast<double>(given_.reference_us);
        one.row.figures.push_back({"of_2_ranks", {ratio}});
        one.row.note = fmt::format("{:.3f} x 2 ranks; {}", ratio, one.row.note);
      }
      if (bench::median(one.stolen_s) > 0.005)
        one.row.note += fmt::format("; {:.2f} s of CPU stolen", bench::median(one.stolen_s));
      out.add(one.row);
    }
    ask(out);
    out.print_table();
  }

  void ask(bench::report& out) const {
    for (const contender& one : contenders_) {
      if (one.schedule != rankwise::schedule_kind::adaptive || one.n_outstanding != 0) continue;
      if (world_.size() == 2) {
        out.ask_at_most(one.name + ", makespan / ideal",
                        one.slowness == 1 ? 1.04 : 1.06,
                        bench::median(one.row.samples));
      } else if (given_.reference_us != 0) {
        out.ask_at_most(
            one.name + ", makespan / that of 2 ranks",
            1.15,
            1e6 * bench::median(one.makespans_s) / static_cast<double>(given_.reference_us));
      }
    }
  }

  boost::mpi::communicator world_;
  rankwise::options how_;
  settings given_;
  double mean_rounds_ = 0;
  std::uint64_t expected_ = 0;
  std::vector<contender> contenders_;
};

}  // namespace

int main(int argc, char** argv) {
  settings given;
  rankwise::program what{.name = "bench_balance",
                         .summary = "how near to the ideal makespan tasks of unequal length come",
                         .options = boost::program_options::options_description("Options")};
  what.options.add_options()("n", rankwise::whole_number(given.n, 1U), "tasks")(
      "repeats", rankwise::whole_number(given.repeats, 1U), "of each run")(
      "mean-us", rankwise::whole_number(given.mean_us, 1U), "mean CPU time of a task")(
      "rounds",
      rankwise::whole_number(given.rounds),
      "of a mean task; 0: as many as take --mean-us on this machine")(
      "reference-us",
      rankwise::whole_number(given.reference_us),
      "makespan of the same tasks on 2 ranks, to compare with; 0: none");
  return bench::run_on_all(
      argc, argv, what, [&](const boost::mpi::communicator& world, const rankwise::options& how) {
        bench::require(world.size() >= 2, "needs 2 ranks: bench/run balance");
        balance(world, how, given).measure();
      });
}
