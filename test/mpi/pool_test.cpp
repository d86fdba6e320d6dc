// SPDX-License-Identifier: MIT
// What the pool promises, each time against the serial program on the same input.
#include <rankwise/rankwise.hpp>

#include "catch.hpp"
#include "on_pool.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <dlfcn.h>
#include <functional>
#include <list>
#include <map>
#include <numeric>
#include <optional>
#include <ranges>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

namespace {

constexpr std::array schedules{rankwise::schedule_kind::static_blocks,
                               rankwise::schedule_kind::self,
                               rankwise::schedule_kind::guided,
                               rankwise::schedule_kind::factoring,
                               rankwise::schedule_kind::adaptive};

std::uint64_t square(std::uint64_t number) {
  return number * number;
}

struct point {
  int id;
  std::string name;
  std::optional<double> weight;
  std::vector<std::tuple<int, std::string>> tags;

  bool operator==(const point&) const = default;
};

point decorate(const point& given) {
  point result = given;
  result.name += "!";
  if (given.id % 3 == 0) result.weight.reset();
  result.tags.emplace_back(given.id, given.name);
  return result;
}

struct scale {
  double factor = 1;
  std::string unit;

  std::string operator()(int number) const { return fmt::format("{} {}", factor * number, unit); }
};

/// Costs that differ a thousandfold.
std::uint64_t spin(std::uint64_t index) {
  std::uint64_t state = index;
  const std::uint64_t n_rounds = index % 100 == 99 ? 200'000 : 200;
  for (std::uint64_t round = 0; round < n_rounds; ++round)
    state = state * 6364136223846793005U + 1442695040888963407U;
  return state;
}

struct no_default {
  explicit no_default(int start) : value(start) {}

  int value;
};

}  // namespace

TEST_CASE(
    "map gives results in input order, under each schedule and chunk, with the root working or "
    "not") {
  for (const rankwise::schedule_kind schedule : schedules) {
    for (const std::uint64_t chunk : {0U, 1U, 7U}) {
      for (const bool root_works : {true, false}) {
        on_pool({.schedule = schedule, .chunk = chunk, .root_works = root_works},
                [](rankwise::pool& pool) {
                  for (const std::uint64_t n : {0U, 1U, 2U, 3U, 1000U, 5000U}) {
                    const auto squares =
                        pool.map(std::views::iota(std::uint64_t{0}, n), rankwise::fn<square>);
                    REQUIRE(squares.size() == n);
                    for (std::uint64_t i = 0; i < n; ++i) REQUIRE(squares[i] == i * i);
                  }
                });
      }
    }
  }
}

TEST_CASE("items whose cost differs a thousandfold") {
  on_pool([](rankwise::pool& pool) {
    const auto states =
        pool.map(std::views::iota(std::uint64_t{0}, std::uint64_t{2000}), rankwise::fn<spin>);
    for (std::uint64_t i = 0; i < states.size(); ++i) REQUIRE(states[i] == spin(i));
  });
}

TEST_CASE("inputs and results of many kinds") {
  on_pool([](rankwise::pool& pool) {
    {  // aggregates of strings, optionals and tuples
      std::vector<point> points;
      for (int i = 0; i < 300; ++i) points.push_back({i, std::to_string(i), i * 0.5, {{i, "tag"}}});
      const auto decorated = pool.map(points, rankwise::fn<decorate>);
      REQUIRE(decorated.size() == points.size());
      for (std::size_t i = 0; i < points.size(); ++i) REQUIRE(decorated[i] == decorate(points[i]));
    }
    {  // a list, which is no random-access range
      const std::list<std::string> words{"a", "bb", "ccc"};
      CHECK(pool.map(words, [](const std::string& word) { return word.size(); }) ==
            std::vector<std::size_t>{1, 2, 3});
    }
    {  // a filtered view
      auto even = std::views::iota(0, 10) | std::views::filter([](int i) { return i % 2 == 0; });
      CHECK(pool.map(even, [](int i) { return i + 1; }) == std::vector<int>{1, 3, 5, 7, 9});
    }
    {  // bools
      const auto odd = pool.map(std::views::iota(0, 999), [](int i) { return i % 2 == 1; });
      for (int i = 0; i < 999; ++i) REQUIRE(odd[static_cast<std::size_t>(i)] == (i % 2 == 1));
      const auto back = pool.map(odd, [](bool is_odd) { return is_odd ? 1 : 0; });
      CHECK(std::accumulate(back.begin(), back.end(), 0) == 499);
    }
    {  // results without a default constructor
      const auto results = pool.map(std::views::iota(0, 100), [](int i) { return no_default(i); });
      for (int i = 0; i < 100; ++i) REQUIRE(results[static_cast<std::size_t>(i)].value == i);
    }
    {  // maps
      const auto counts =
          pool.map(std::vector<std::string>{"abca", ""}, [](const std::string& text) {
            std::map<char, int> count;
            for (const char letter : text) ++count[letter];
            return count;
          });
      CHECK(counts[0] == std::map<char, int>{{'a', 2}, {'b', 1}, {'c', 1}});
      CHECK(counts[1].empty());
    }
    {  // numbers that do not start at 0
      CHECK(pool.map(std::views::iota(-3, 3), [](int i) { return i * 2; }) ==
            std::vector<int>{-6, -4, -2, 0, 2, 4});
    }
    {  // a function object with members
      const auto texts = pool.map(std::views::iota(0, 50), scale{2.5, "m"});
      CHECK(texts[49] == "122.5 m");
    }
  });
}

TEST_CASE("for_each runs each task once") {
  on_pool([](rankwise::pool& pool) {
    // What ran is counted where it ran, and brought home by a second call.
    static std::uint64_t n_here = 0;
    n_here = 0;
    pool.for_each(std::views::iota(0, 1000), [](int) { ++n_here; });
    if (pool.n_ranks() == 1) CHECK(n_here == 1000);
    CHECK(n_here <= 1000);
  });
}

TEST_CASE("reduce gives the same floats on any number of ranks") {
  on_pool([](rankwise::pool& pool) {
    const auto term = [](int i) { return 1.0 / (1 + i); };
    const auto plus = [](double left, double right) { return left + right; };
    const double sum = pool.reduce(std::views::iota(0, 100'001), 0.0, plus, term);
    // The same tree, serially: pairwise halves of the largest power of two.
    const auto serial = [&](auto&& self, int first, int count) -> double {
      if (count == 1) return term(first);
      int left = 1;
      while (left * 2 < count) left *= 2;
      return self(self, first, left) + self(self, first + left, count - left);
    };
    CHECK(sum == 0.0 + serial(serial, 0, 100'001));
    CHECK(pool.reduce(std::vector<int>{}, 42, [](int a, int b) { return a + b; }) == 42);
    const std::string text = pool.reduce(
        std::views::iota(0, 300),
        std::string("start"),
        [](const std::string& left, const std::string& right) { return left + right; },
        [](int i) { return std::to_string(i); });
    std::string expected = "start";
    for (int i = 0; i < 300; ++i) expected += std::to_string(i);
    CHECK(text == expected);
  });
}

TEST_CASE(
    "a task knows where it is, and the first call's random numbers depend on seed and index "
    "alone") {
  on_pool({.seed = 99}, [](rankwise::pool& pool) {
    struct seen {
      std::uint64_t index;
      int rank;
      std::string host;
      std::uint32_t number;
    };
    const auto all = pool.map(std::views::iota(0, 500), [](rankwise::task_context& context, int) {
      return seen{
          context.index(), static_cast<int>(context.rank()), context.host(), context.random()()};
    });
    for (std::size_t i = 0; i < all.size(); ++i) {
      REQUIRE(all[i].index == i);
      REQUIRE(all[i].rank >= 0);
      REQUIRE(all[i].rank < static_cast<int>(pool.n_ranks()));
      REQUIRE(all[i].host == rankwise::this_host());
      REQUIRE(all[i].number == rankwise::random_stream(99, i)());
    }
  });
}

TEST_CASE("the work is spread, and max_ranks limits it") {
  on_pool([](rankwise::pool& pool) {
    for (std::uint32_t limit = 1; limit <= pool.n_ranks(); ++limit) {
      rankwise::options how = pool.options();
      how.max_ranks = limit;
      how.schedule = rankwise::schedule_kind::static_blocks;
      const auto ranks = pool.with(how).map(
          std::views::iota(0, 100),
          [](rankwise::task_context& context, int) { return static_cast<int>(context.rank()); });
      CHECK(std::set<int>(ranks.begin(), ranks.end()).size() == limit);
      CHECK(*std::max_element(ranks.begin(), ranks.end()) == static_cast<int>(limit) - 1);
    }
  });
}

TEST_CASE("many calls one after another, of several tasks") {
  on_pool([](rankwise::pool& pool) {
    for (int round = 0; round < 300; ++round) {
      const auto first = pool.map(std::views::iota(0, round % 7), [](int i) { return i; });
      REQUIRE(first.size() == static_cast<std::size_t>(round % 7));
      REQUIRE(pool.reduce(std::views::iota(0, round), 0, [](int a, int b) { return a + b; }) ==
              round * (round - 1) / 2);
    }
  });
}

namespace {

std::uint32_t first_number(rankwise::task_context& context, int /*input*/) {
  return context.random()();
}

/// Points of a square that lie in the circle inside it, of 1,000.
std::int64_t hits(rankwise::task_context& context, int /*input*/) {
  rankwise::random_stream random = context.random();
  std::int64_t n = 0;
  for (int i = 0; i < 1000; ++i) {
    const double x = random() * 0x1p-32;
    const double y = random() * 0x1p-32;
    n += x * x + y * y < 1 ? 1 : 0;
  }
  return n;
}

/// What call `number` draws first for each of `n` items.
std::vector<std::uint32_t> first_numbers(std::uint64_t seed,
                                         std::uint32_t number,
                                         std::uint64_t n) {
  std::vector<std::uint32_t> all;
  for (std::uint64_t index = 0; index < n; ++index)
    all.push_back(rankwise::random_stream(seed, index, number)());
  return all;
}

}  // namespace

TEST_CASE("each call of the body has random numbers of its own, whatever the ranks do") {
  for (const bool speculate : {false, true}) {
    rankwise::options how{.seed = 5, .speculate = speculate};
    on_pool(how, [](rankwise::pool& pool) {
      const auto inputs = std::views::iota(0, 200);
      CHECK(pool.map(inputs, rankwise::fn<first_number>) == first_numbers(5, 0, 200));
      pool.for_each(inputs, [](int) {});
      CHECK(pool.map(std::views::iota(0, 0), rankwise::fn<first_number>).empty());
      (void)pool.reduce(inputs, 0, [](int left, int right) { return left + right; });
      (void)pool.on_each_rank([](std::uint32_t) { return 1; });
      CHECK(pool.map(inputs, rankwise::fn<first_number>) == first_numbers(5, 5, 200));
      rankwise::options one = pool.options();
      one.max_ranks = 1;
      CHECK(pool.with(one).map(inputs, rankwise::fn<first_number>) == first_numbers(5, 6, 200));
    });
  }
}

TEST_CASE("a task that is tried again draws the same numbers") {
  on_pool({.on_error = rankwise::on_error_kind::retry, .retries = 5, .seed = 8},
          [](rankwise::pool& pool) {
            pool.for_each(std::views::iota(0, 3), [](int) {});
            const auto numbers =
                pool.map(std::views::iota(0, 50), [](rankwise::task_context& context, int i) {
                  static std::set<int> seen;
                  const std::uint32_t number = context.random()();
                  if (i % 7 == 0 && seen.insert(i).second) throw std::runtime_error("not yet");
                  return number;
                });
            CHECK(numbers == first_numbers(8, 1, 50));
          });
}

TEST_CASE("a Monte Carlo in rounds converges") {
  on_pool({.seed = 1}, [](rankwise::pool& pool) {
    std::int64_t inside = 0;
    std::set<std::int64_t> rounds;
    for (std::uint32_t round = 0; round < 10; ++round) {
      const std::int64_t found =
          pool.reduce(std::views::iota(0, 100), std::int64_t{0}, std::plus<>{}, rankwise::fn<hits>);
      std::int64_t expected = 0;
      for (std::uint64_t index = 0; index < 100; ++index) {
        rankwise::random_stream random(1, index, round);
        for (int i = 0; i < 1000; ++i) {
          const double x = random() * 0x1p-32;
          const double y = random() * 0x1p-32;
          expected += x * x + y * y < 1 ? 1 : 0;
        }
      }
      CHECK(found == expected);
      inside += found;
      rounds.insert(found);
    }
    CHECK(rounds.size() > 5);  // they were all the same once
    // The standard error of pi after a million points is 4 sqrt(p (1 - p) / 10^6) = 0.0016.
    CHECK(4e-6 * static_cast<double>(inside) == Approx(3.14159265).margin(0.005));
  });
}

TEST_CASE("runs one after the other: no message of one is taken for one of the next") {
  for (int run = 0; run < 30; ++run) {
    on_pool({.speculate = true}, [](rankwise::pool& pool) {
      CHECK(pool.map(std::views::iota(0, 1000), [](int i) { return i; }).size() == 1000);
      CHECK(pool.map(std::vector{1, 2, 3}, [](int i) { return i; }).size() == 3);
    });
  }
}

TEST_CASE("tasks are told how many threads they may use, and OpenMP has them") {
  // As in a program that was built with OpenMP; without the library there is nothing to be told.
  static const bool has_openmp = ::dlopen("libgomp.so.1", RTLD_NOW | RTLD_GLOBAL) != nullptr;
  static const auto threads_of = [](const rankwise::pool& pool) {
    return pool.on_each_rank([](rankwise::task_context& task, std::uint32_t) {
      const auto get = reinterpret_cast<int (*)()>(::dlsym(RTLD_DEFAULT, "omp_get_max_threads"));
      const std::uint32_t own = task.threads();
      return std::pair(own, has_openmp ? static_cast<std::uint32_t>(get()) : own);
    });
  };
  on_pool({}, [](rankwise::pool& pool) {
    const auto before = threads_of(pool);
    for (const auto& [own, openmp] : before) CHECK(own == 1);
    for (const auto& each : threads_of(pool.with({.threads = 3}))) CHECK(each == std::pair(3U, 3U));
    CHECK(threads_of(pool) == before);
  });
}

TEST_CASE("find_first gives the first find by index, on any number of ranks") {
  for (const auto schedule : {rankwise::schedule_kind::self, rankwise::schedule_kind::adaptive}) {
    on_pool({.schedule = schedule}, [](rankwise::pool& pool) {
      const auto squares = [](int i) { return std::sqrt(i) == std::floor(std::sqrt(i)); };
      CHECK(pool.find_first(std::views::iota(90, 1'000'000'000), squares) == 10U);
      CHECK_FALSE(pool.find_first({2, 3, 5}, squares).has_value());
      CHECK_FALSE(pool.find_first(std::vector<int>{}, squares).has_value());
      const auto word = pool.find_first(std::vector<std::string>{"a", "bc", "def", "gh"},
                                        [](const std::string& text) -> std::optional<std::string> {
                                          if (text.size() < 2) return std::nullopt;
                                          return text + "!";
                                        });
      REQUIRE(word.has_value());
      CHECK(word->index == 1);
      CHECK(word->value == "bc!");
    });
  }
}

TEST_CASE("find_first: what fails before the first find counts, what fails behind it does not") {
  for (const auto on_error : {rankwise::on_error_kind::stop,
                              rankwise::on_error_kind::collect,
                              rankwise::on_error_kind::retry}) {
    on_pool({.schedule = rankwise::schedule_kind::self, .on_error = on_error, .retries = 1},
            [on_error](rankwise::pool& pool) {
              const auto finds = [](int i) {
                if (i % 100 == 50) throw std::runtime_error("at " + std::to_string(i));
                return i % 1000 == 320;
              };
              CHECK(pool.find_first(std::views::iota(251, 4000), finds) == 69U);
              try {
                pool.find_first(std::views::iota(100, 4000), finds);
                FAIL("two tasks failed before the find");
              } catch (const rankwise::task_error& error) {
                const bool has_both = on_error == rankwise::on_error_kind::collect;
                REQUIRE(error.failures().size() == (has_both ? 2U : 1U));
                CHECK(error.failures()[0].text == "at 150");
              }
              CHECK(pool.map({1, 2}, [](int i) { return i; }) == std::vector{1, 2});
            });
  }
}

TEST_CASE("find_first cancels what comes behind the find") {
  on_pool({.schedule = rankwise::schedule_kind::self, .isolate = true}, [](rankwise::pool& pool) {
    const auto begun = std::chrono::steady_clock::now();
    CHECK(pool.find_first(std::views::iota(0, 100), [](int i) {
      if (i > 0) std::this_thread::sleep_for(std::chrono::seconds(600));
      return true;
    }) == 0U);
    CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds(300));
    CHECK(pool.totals().items_done < 100);
  });
}
