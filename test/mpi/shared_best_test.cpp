// SPDX-License-Identifier: MIT
// pool.shared_min and shared_max in each kind of call, and a search against dynamic programming.
#include <rankwise/collective.hpp>
#include <rankwise/emitter.hpp>
#include <rankwise/expansion.hpp>
#include <rankwise/future.hpp>
#include <rankwise/map_reduce.hpp>
#include <rankwise/rankwise.hpp>
#include <rankwise/shared_best.hpp>
#include <rankwise/stream.hpp>

#include "../../examples/salesman.hpp"
#include "catch.hpp"
#include "on_pool.hpp"
#include "temporary_directory.hpp"

#include <boost/mpi/communicator.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <ranges>
#include <stdexcept>
#include <string>
#include <vector>

using Catch::Matchers::Contains;

namespace {

using rankwise::pool;
using rankwise::shared_max;
using rankwise::shared_min;

/// Offers the item itself.
int offers(int item, const shared_min<int>& best) {
  best.offer(item);
  return item;
}

bool offers_at(int item, const shared_min<int>& best) {
  return offers(item, best) == 0;
}

void emits(int item, rankwise::emitter<int, int>& emit, const shared_min<int>& best) {
  emit(item % 3, offers(item, best));
}

int expands(const int& item, rankwise::expansion<int>& more, const shared_min<int>& best) {
  if (item > 1) more.push(item / 2);
  return offers(item, best);
}

/// Gives the best that is known when it ends: its own offer, or a better one.
double offers_half(int item, const shared_max<double>& best) {
  best.offer(0.5 * item);
  return best.value();
}

auto items() {
  return std::views::iota(0, 200);
}

/// The length of the shortest tour, by Held and Karp's recurrence over sets of cities.
salesman::length shortest(const salesman::map& all) {
  const std::uint32_t n = all.n - 1;  // city 0 is where each way begins
  const std::size_t n_sets = std::size_t{1} << n;
  std::vector<salesman::length> least(n_sets * n, salesman::endless);
  for (std::uint32_t i = 0; i < n; ++i)
    least[(std::size_t{1} << i) * n + i] = all.between[0][i + 1];
  for (std::size_t set = 1; set < n_sets; ++set) {
    for (std::uint32_t last = 0; last < n; ++last) {
      const salesman::length here = least[set * n + last];
      if (here == salesman::endless) continue;
      for (std::uint32_t next = 0; next < n; ++next) {
        const std::size_t longer = set | std::size_t{1} << next;
        if (longer == set) continue;
        least[longer * n + next] =
            std::min(least[longer * n + next], here + all.between[last + 1][next + 1]);
      }
    }
  }
  salesman::length total = salesman::endless;
  for (std::uint32_t last = 0; last < n; ++last)
    total = std::min(total, least[(n_sets - 1) * n + last] + all.between[last + 1][0]);
  return total;
}

salesman::tour go_on(const salesman::beginning& from,
                     rankwise::expansion<salesman::beginning>& more,
                     const salesman::map& all,
                     const shared_min<salesman::length>& best) {
  salesman::tour found;
  if (all.n - from.n <= 7) {
    salesman::search(all, from, best, found);
  } else if (best.worth(least_total(all, from))) {
    make_longer(all, from, [&](const salesman::beginning& longer) { more.push(longer); });
  }
  return found;
}

salesman::tour best_tour(const pool& ranks, const salesman::map& all) {
  const auto best = ranks.shared_min(salesman::endless);
  const salesman::tour found = ranks.expand({salesman::beginning{}},
                                            salesman::tour{},
                                            rankwise::fn<salesman::better>,
                                            rankwise::with(all, best)(rankwise::fn<go_on>));
  CHECK(best.value() == found.total);
  return found;
}

/// On the root, for tasks that do what they must not.
const pool*& pool_here() {
  static const pool* one = nullptr;
  return one;
}

template <class Call>
std::string failure_of(Call call) {
  try {
    call();
  } catch (const std::exception& error) {
    return error.what();
  }
  return {};
}

}  // namespace

TEST_CASE("the best that tasks of each kind of call have offered is known when it returns") {
  on_pool([](pool& ranks) {
    const auto check = [&](auto call) {
      const auto best = ranks.shared_min(1000);
      call(best, rankwise::with(best)(rankwise::fn<offers>));
      CHECK(best.value() == 0);
    };
    check([&](auto&, const auto& task) { ranks.map(items(), task); });
    check([&](auto&, const auto& task) { ranks.try_map(items(), task); });
    check([&](auto&, const auto& task) { ranks.for_each(items(), task); });
    check([&](auto&, const auto& task) { ranks.reduce(items(), 0, std::plus<>(), task); });
    check([&](auto&, const auto& task) { ranks.stream(items(), task, [](int) {}); });
    check([&](auto& best, const auto&) {
      ranks.find_first(items(), rankwise::with(best)(rankwise::fn<offers_at>));
    });
    check([&](auto& best, const auto&) {
      std::vector<rankwise::future<int>> futures;
      for (const int item : {3, 0, 7})
        futures.push_back(ranks.submit(rankwise::fn<offers>, item, best));
      for (auto& one : futures) one.get();
    });
    check([&](auto& best, const auto&) {
      ranks.map_reduce(items(), rankwise::with(best)(rankwise::fn<emits>), std::plus<>());
    });
    check([&](auto& best, const auto&) {
      ranks.expand({200}, 0, std::plus<>(), rankwise::with(best)(rankwise::fn<expands>));
      best.offer(0);
    });
    check([&](auto& best, const auto&) {
      ranks.on_each_rank(rankwise::with(best)(
          [](std::uint32_t row, const shared_min<int>& its) { its.offer(static_cast<int>(row)); }));
    });
    check([&](auto&, const auto& task) {
      ranks.with({.quiet = true, .isolate = true}).map(std::views::iota(0, 20), task);
    });
  });
}

TEST_CASE("a best is kept from call to call, and is never worse than what was known") {
  on_pool([](pool& ranks) {
    const auto best = ranks.shared_max(-1.5);
    CHECK(best.value() == -1.5);
    CHECK_FALSE(best.offer(-2));
    const auto copy = best;
    const auto known = ranks.map(items(), rankwise::with(best)(rankwise::fn<offers_half>));
    for (std::size_t item = 0; item < known.size(); ++item)
      CHECK((known[item] >= 0.5 * static_cast<double>(item) && known[item] <= 99.5));
    CHECK(copy.value() == 99.5);
    CHECK(best.offer(200));
    const auto values = ranks.on_each_rank(rankwise::with(copy)(
        [](std::uint32_t /*row*/, const shared_max<double>& its) { return its.value(); }));
    CHECK(values == std::vector<double>(ranks.n_workers(), 200));
    CHECK(best.worth(200));
    CHECK_FALSE(best.worth(199.5));
  });
}

TEST_CASE("numbers of each type can be offered") {
  on_pool([](pool& ranks) {
    const auto check = [&]<class Number>(Number first) {
      const auto least = ranks.shared_min(first);
      const auto most = ranks.shared_max(Number{});
      ranks.for_each({1},
                     rankwise::with(least, most)([](int item,
                                                    const shared_min<Number>& its_least,
                                                    const shared_max<Number>& its_most) {
                       its_least.offer(static_cast<Number>(item));
                       its_most.offer(static_cast<Number>(item));
                     }));
      CHECK(least.value() == Number{1});
      CHECK(most.value() == Number{1});
    };
    check(std::int8_t{9});
    check('c');
    check(std::uint16_t{9});
    check(9);
    check(9L);
    check(std::uint64_t{UINT64_MAX});
    check(9.5F);
    check(std::numeric_limits<double>::infinity());
    check(true);
  });
}

TEST_CASE("an isolated task that fails has offered what it has, and so has one that throws") {
  on_pool([](pool& ranks) {
    for (const bool isolate : {true, false}) {
      rankwise::options how{.quiet = true};
      how.isolate = isolate;
      const auto best = ranks.shared_min(1000);
      const auto outcomes = ranks.with(how).try_map(
          std::views::iota(1, 9), rankwise::with(best)([](int item, const shared_min<int>& its) {
            its.offer(item);
            if (item == 1) throw std::runtime_error("one");
            return its.value();
          }));
      CHECK(best.value() == 1);
      CHECK(outcomes.back().value() <= 8);
    }
  });
}

TEST_CASE("what is no best, or is used as none can be, is refused") {
  on_pool([](pool& ranks) {
    const double nan = std::nan("");
    CHECK_THAT(failure_of([&] { ranks.shared_min(nan); }), Contains("was given NaN"));
    const auto least = ranks.shared_min(1.0);
    const auto offers_nan = [](int /*item*/, const shared_min<double>& its) {
      its.offer(std::nan(""));
    };
    CHECK_THAT(failure_of([&] { ranks.for_each({1}, rankwise::with(least)(offers_nan)); }),
               Contains("was given NaN"));
    const auto best = ranks.shared_min(7);
    auto left = best;
    const auto moved = std::move(left);
    CHECK_THAT(failure_of([&] { rankwise::with(left); }), Contains("that was moved from"));
    pool_here() = &ranks;
    CHECK_THAT(failure_of([&] {
                 ranks.on_each_rank([](std::uint32_t row) {
                   if (row == 0) pool_here()->shared_min(1);
                 });
               }),
               Contains("pool::shared_min was called from inside a task"));
    CHECK(moved.value() == 7);
  });
}

TEST_CASE("a journaled call is refused a best, and goes on without") {
  const rankwise::test::temporary_directory here;
  rankwise::options journaled{.quiet = true};
  journaled.journal = here / "run.db";
  on_pool(journaled, [](pool& ranks) {
    const auto best = ranks.shared_min(7);
    CHECK_THAT(failure_of([&] { ranks.map({1}, rankwise::with(best)(rankwise::fn<offers>)); }),
               Contains("--journal: found a call whose tasks are given a rankwise::shared_min"));
    CHECK(best.value() == 7);
    CHECK(ranks.map({1}, [](int item) { return item; }) == std::vector<int>{1});
  });
}

TEST_CASE("a search for the shortest tour finds it") {
  for (const std::uint32_t n : {2U, 3U, 9U, 12U, 15U}) {
    const salesman::map all = salesman::make_map(n, 40 + n);
    const salesman::length right = shortest(all);
    on_pool([&](pool& ranks) {
      const salesman::tour found = best_tour(ranks, all);
      CHECK(found.total == right);
      CHECK(best_tour(ranks, all).cities == found.cities);
    });
  }
}

TEST_CASE("a program that uses MPI itself searches on its communicator") {
  const salesman::map all = salesman::make_map(12, 7);
  const auto found = rankwise::run_everywhere(boost::mpi::communicator(),
                                              {.quiet = true},
                                              [&](pool& ranks) { return best_tour(ranks, all); });
  CHECK(found.total == shortest(all));
}
