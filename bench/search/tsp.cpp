// SPDX-License-Identifier: MIT
// The travelling salesman on all ranks: one call in which they tell each other of the best tour,
// against rounds of calls, each with the best of those before; and how long an offer is on its way.
#include <rankwise/expansion.hpp>
#include <rankwise/program.hpp>
#include <rankwise/rankwise.hpp>
#include <rankwise/shared_best.hpp>

#include "../examples/salesman.hpp"
#include "support/program.hpp"
#include "support/report.hpp"
#include "support/stopwatch.hpp"

#include <boost/mpi/communicator.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <ranges>
#include <string>
#include <utility>
#include <vector>

namespace {

struct settings {
  std::uint32_t n = 17;
  std::uint32_t repeats = 5;
  std::uint64_t seed = 1;
};

salesman::tour go_on(const salesman::beginning& from,
                     rankwise::expansion<salesman::beginning>& more,
                     const salesman::map& all,
                     const rankwise::shared_min<salesman::length>& best) {
  salesman::tour found;
  if (all.n - from.n <= 12) {
    salesman::search(all, from, best, found);
  } else if (best.worth(least_total(all, from))) {
    make_longer(all, from, [&](const salesman::beginning& longer) { more.push(longer); });
  }
  return found;
}

salesman::tour in_one_call(const rankwise::pool& ranks, const salesman::map& all) {
  return ranks.expand(
      {salesman::beginning{}},
      salesman::tour{},
      rankwise::fn<salesman::better>,
      rankwise::with(all, ranks.shared_min(salesman::endless))(rankwise::fn<go_on>));
}

/// The best that one task knows, as a program without shared bests has it.
class own_best {
 public:
  explicit own_best(salesman::length known) : known_(known) {}

  bool worth(salesman::length bound) const { return bound < known_; }

  void offer(salesman::length total) const { known_ = std::min(known_, total); }

 private:
  mutable salesman::length known_;
};

/// A task of a round.
salesman::tour search_alone(const salesman::beginning& from,
                            const salesman::map& all,
                            salesman::length best) {
  salesman::tour found;
  salesman::search(all, from, own_best(best), found);
  return found;
}

/// Rounds of so many beginnings of four cities, the most promising first.
salesman::tour in_rounds(const rankwise::pool& ranks,
                         const salesman::map& all,
                         std::size_t of_round) {
  std::vector<salesman::beginning> tops{{}};
  for (int i = 0; i < 3; ++i) {
    std::vector<salesman::beginning> longer;
    for (const salesman::beginning& top : tops)
      make_longer(all, top, [&](const salesman::beginning& one) { longer.push_back(one); });
    tops = std::move(longer);
  }
  std::ranges::sort(tops, {}, [&](const auto& top) { return least_total(all, top); });
  salesman::tour best;
  for (std::size_t i = 0; i < tops.size(); i += of_round) {
    const auto round = tops | std::views::drop(i) | std::views::take(of_round);
    best = ranks.reduce(round,
                        best,
                        rankwise::fn<salesman::better>,
                        rankwise::with(all, best.total)(rankwise::fn<search_alone>));
  }
  return best;
}

/// Nanoseconds on the clock of the host.
std::int64_t now_ns() {
  return std::chrono::steady_clock::now().time_since_epoch().count();
}

constexpr std::size_t n_offers = 200;

/// One rank offers the time, now and then, in one long task; gives how long the offers took that
/// the other has seen, in microseconds: of two that arrive at once the later one.
std::vector<double> watch_offers(std::uint32_t row,
                                 std::uint32_t sender,
                                 const rankwise::shared_max<std::int64_t>& best) {
  constexpr std::int64_t period_ns = 7'300'000;
  const std::int64_t begun_ns = now_ns();
  std::vector<double> took_us;
  std::int64_t known_ns = best.value();
  for (std::size_t i = 1; i <= n_offers; ++i) {
    const std::int64_t next_ns = begun_ns + static_cast<std::int64_t>(i) * period_ns;
    while (now_ns() < next_ns) {
      const std::int64_t found_ns = best.value();
      if (row == sender || found_ns == known_ns) continue;
      took_us.push_back(static_cast<double>(now_ns() - found_ns) * 1e-3);
      known_ns = found_ns;
    }
    if (row == sender) best.offer(now_ns());
  }
  return took_us;
}

struct contender {
  std::string name;
  std::function<salesman::tour(const rankwise::pool&)> find;
  std::vector<double> took_s = {};
};

void measure(const rankwise::pool& ranks, const settings& given, bench::report& report) {
  const salesman::map all = salesman::make_map(given.n, given.seed);
  std::vector<contender> contenders;
  contenders.push_back(
      {"one call, shared_min", [&](const auto& pool) { return in_one_call(pool, all); }});
  for (const std::size_t of_round : {4U, 16U, 64U, 256U, 1U << 20U}) {
    contenders.push_back(
        {of_round < 1U << 20U ? fmt::format("rounds of {}", of_round) : "one round",
         [&all, of_round](const auto& pool) { return in_rounds(pool, all, of_round); }});
  }
  salesman::tour right;
  // In turn, so that what disturbs the machine for a while disturbs all alike.
  for (std::uint32_t repeat = 0; repeat < given.repeats; ++repeat) {
    for (contender& one : contenders) {
      const bench::stopwatch watch;
      const salesman::tour found = one.find(ranks);
      one.took_s.push_back(watch.seconds());
      if (right.total == salesman::endless) right = found;
      bench::require(found.total == right.total, "tours of different lengths: " + one.name);
    }
  }
  double best_rounds_s = 0;
  for (contender& one : contenders) {
    const double took_s = bench::median(one.took_s);
    if (&one != &contenders.front() && (best_rounds_s == 0 || took_s < best_rounds_s))
      best_rounds_s = took_s;
    report.add({.name = one.name,
                .unit = "s",
                .n = given.n,
                .samples = one.took_s,
                .checksum = right.total});
  }
  report.ask_at_most(
      "one call / the best rounds", 1.0, bench::median(contenders.front().took_s) / best_rounds_s);
  if (ranks.n_workers() != 2) return;
  for (const std::uint32_t sender : {0U, 1U}) {
    const auto best = ranks.shared_max(std::int64_t{0});
    std::vector<double> took_us =
        ranks.on_each_rank(rankwise::with(sender, best)(rankwise::fn<watch_offers>))[1 - sender];
    std::ranges::sort(took_us);
    const double late_us = took_us[took_us.size() * 95 / 100];
    report.add(
        {.name = fmt::format("an offer of rank {} on its way, in the middle of tasks", sender),
         .unit = "us",
         .n = took_us.size(),
         .samples = std::move(took_us)});
    report.ask_at_most(fmt::format("95 of 100 offers of rank {}, us", sender), 2000, late_us);
  }
}

}  // namespace

int main(int argc, char** argv) {
  settings given;
  rankwise::program what{.name = "bench_tsp",
                         .summary = "the travelling salesman, in one call and in rounds",
                         .options = boost::program_options::options_description("Options")};
  what.options.add_options()(
      "cities", rankwise::whole_number(given.n, 6, salesman::most_cities), "of the tour")(
      "places", rankwise::whole_number(given.seed), "the seed of where they lie")(
      "repeats", rankwise::whole_number(given.repeats, 1U), "of each run");
  return bench::run_on_all(
      argc, argv, what, [&](const boost::mpi::communicator& world, const rankwise::options& how) {
        bench::report report("tsp", world.size());
        bench::run_job(world, how, [&](rankwise::pool& ranks) { measure(ranks, given, report); });
        if (world.rank() == 0) report.print_table();
      });
}
