// SPDX-License-Identifier: MIT
// Whatever is called on other ranks may be a function, a lambda, a struct of the body or one with
// members, in each call.
#include <rankwise/map_reduce.hpp>
#include <rankwise/pipeline.hpp>
#include <rankwise/rankwise.hpp>

#include "catch.hpp"
#include "on_pool.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <ranges>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace {

using emitter = rankwise::emitter<int, int>;

int triple(int value) {
  return 3 * value;
}

int sum(int left, int right) {
  return left + right;
}

void emit_digit(int value, emitter& emit) {
  emit(value % 10, value);
}

void nothing(const rankwise::entry<int, int>& /*one*/) {}

struct times {
  int factor = 1;

  int operator()(int value) const { return factor * value; }
};

struct sum_from {
  int first = 0;

  int operator()(int left, int right) const { return left + right - first; }
};

struct emit_times {
  int factor = 1;

  void operator()(int value, emitter& emit) const { emit(value % 10, factor * value); }
};

std::map<int, int> as_map(const rankwise::distributed<int, int>& all) {
  std::map<int, int> gathered;
  for (const auto& [key, value] : all.gather()) gathered[key] = value;
  return gathered;
}

double area(int width, double height) {
  return width * height;
}

}  // namespace

TEST_CASE("a task may be any of them") {
  on_pool([](rankwise::pool& pool) {
    struct local_times {
      int factor = 1;

      int operator()(int value) const { return factor * value; }
    };

    const std::vector<int> inputs{1, 2, 3, 4, 5};
    const std::vector<int> expected{3, 6, 9, 12, 15};
    const auto lambda = [](int value) { return 3 * value; };
    CHECK(pool.map(inputs, rankwise::fn<triple>) == expected);
    CHECK(pool.map(inputs, lambda) == expected);
    CHECK(pool.map(inputs, local_times{3}) == expected);
    CHECK(pool.map(inputs, times{3}) == expected);
    pool.for_each(inputs, rankwise::fn<triple>);
    pool.for_each(inputs, lambda);
    pool.for_each(inputs, local_times{3});
    pool.for_each(inputs, times{3});
    const std::vector<int> ranks = pool.on_each_rank(local_times{2});
    for (std::size_t row = 0; row < ranks.size(); ++row)
      CHECK(ranks[row] == 2 * static_cast<int>(row));
  });
}

TEST_CASE("a task and a combiner of reduce may be any of them") {
  on_pool([](rankwise::pool& pool) {
    struct local_sum {
      int first = 0;

      int operator()(int left, int right) const { return left + right - first; }
    };

    const auto numbers = std::views::iota(1, 101);
    const auto lambda = [](int left, int right) { return left + right; };
    CHECK(pool.reduce(numbers, 0, rankwise::fn<sum>, rankwise::fn<triple>) == 15150);
    CHECK(pool.reduce(numbers, 0, lambda, [](int value) { return 3 * value; }) == 15150);
    CHECK(pool.reduce(numbers, 0, local_sum{0}, times{3}) == 15150);
    CHECK(pool.reduce(numbers, 0, sum_from{0}) == 5050);
  });
}

TEST_CASE("values travel with a task") {
  on_pool([](rankwise::pool& pool) {
    const std::vector<int> inputs{1, 2, 3};
    const std::vector<double> table{0, 0.5, 0.25, 0.125};
    const int factor = 4;
    const auto look_up = [](int i, int times, const std::vector<double>& all) {
      return times * all[static_cast<std::size_t>(i)];
    };
    const std::vector<double> expected{2, 1, 0.5};
    CHECK(pool.map(inputs, rankwise::with(factor, table)(look_up)) == expected);
    const auto three = rankwise::with(3);
    CHECK(pool.map(inputs, three(rankwise::fn<sum>)) == std::vector{4, 5, 6});
    const auto with_context = [](rankwise::task_context& context, int i, const std::string& text) {
      return text + std::to_string(context.index()) + std::to_string(i);
    };
    CHECK(pool.map(inputs, rankwise::with("a")(with_context)) ==
          std::vector<std::string>{"a01", "a12", "a23"});
    const std::vector<std::pair<int, double>> pairs{{2, 0.5}, {3, 1.5}};
    CHECK(pool.map(pairs, rankwise::with(10)([](int width, double height, int n) {
                     return n * area(width, height);
                   })) == std::vector<double>{10, 45});
    CHECK(pool.reduce(inputs,
                      0,
                      rankwise::with(100)([](int left, int right, int limit) {
                        return std::min(left + right, limit);
                      }),
                      rankwise::with(40)([](int i, int times) { return times * i; })) == 100);
    pool.for_each(inputs, rankwise::with(std::string("a"))([](int, const std::string&) {}));
    CHECK(pool.try_map(inputs, rankwise::with(1)(rankwise::fn<sum>))[2].value() == 4);
    CHECK(as_map(pool.map_reduce(
              inputs,
              rankwise::with(7)([](int value, emitter& emit, int key) { emit(key, value); }),
              rankwise::fn<sum>)) == std::map<int, int>{{7, 6}});
    const std::vector<int> ranks = pool.on_each_rank(rankwise::with(5)(
        [](std::uint32_t row, int first) { return first + static_cast<int>(row); }));
    CHECK(ranks.front() == 5);
    int total = 0;
    pool.pipeline(inputs,
                  rankwise::stage(rankwise::with(2)([](int i, int times) { return times * i; })),
                  [&total](int value) { total += value; });
    CHECK(total == 12);
  });
}

TEST_CASE("a mapper and a combiner of map_reduce may be any of them") {
  on_pool([](rankwise::pool& pool) {
    struct local_emit {
      int factor = 1;

      void operator()(int value, emitter& emit) const { emit(value % 10, factor * value); }
    };

    struct local_greater {
      int operator()(int left, int right) const { return std::max(left, right); }
    };

    const std::vector<int> inputs{1, 11, 21, 2, 12};
    const std::map<int, int> sums{{1, 33}, {2, 14}};
    const std::map<int, int> greatest{{1, 21}, {2, 12}};
    CHECK(as_map(pool.map_reduce(inputs, rankwise::fn<emit_digit>, rankwise::fn<sum>)) == sums);
    CHECK(as_map(pool.map_reduce(
              inputs,
              [](int value, emitter& emit) { emit(value % 10, value); },
              [](int left, int right) { return std::max(left, right); })) == greatest);
    CHECK(as_map(pool.map_reduce(inputs, local_emit{1}, local_greater{})) == greatest);
    const auto all = pool.map_reduce(inputs, emit_times{1}, sum_from{0});
    CHECK(as_map(all) == sums);

    struct local_use {
      int least = 0;

      void operator()(const rankwise::entry<int, int>& /*one*/) const {}
    };

    all.for_each(rankwise::fn<nothing>);
    all.for_each([](const rankwise::entry<int, int>& /*one*/) {});
    all.for_each(local_use{1});
    CHECK(pool.group_by(inputs, [](int value, emitter& emit) { emit(value % 10, value); }).size() ==
          2);
    CHECK(pool.group_by(inputs, local_emit{1}).size() == 2);
  });
}

TEST_CASE("a stage may be any of them") {
  on_pool([](rankwise::pool& pool) {
    struct local_times {
      int factor = 1;

      int operator()(int value) const { return factor * value; }
    };

    std::vector<int> out;
    pool.pipeline(
        std::vector<int>{1, 2, 3},
        rankwise::fn<triple>,
        [](int value) { return value + 1; },
        local_times{2},
        times{10},
        [&](int value) { out.push_back(value); });
    CHECK(out == std::vector<int>{80, 140, 200});
  });
}

TEST_CASE("the parts of a pair or tuple go to a task of as many parameters") {
  on_pool([](rankwise::pool& pool) {
    const std::vector<std::pair<int, double>> sides{{1, 2.0}, {2, 3.5}, {0, 1.0}};
    CHECK(pool.map(sides, rankwise::fn<area>) == std::vector<double>{2, 7, 0});
    const std::map<std::string, int> ages{{"ann", 30}, {"bob", 4}};
    CHECK(pool.map(ages, [](const std::string& name, int age) {
      return name + std::to_string(age);
    }) == std::vector<std::string>{"ann30", "bob4"});
    const std::vector<std::tuple<int, int, int>> threes{{1, 2, 3}, {4, 5, 6}};
    CHECK(pool.map(threes, [](rankwise::task_context& context, int a, int b, int c) {
      return static_cast<int>(context.index()) + a + b + c;
    }) == std::vector<int>{6, 16});
    CHECK(pool.reduce(
              threes, 0, rankwise::fn<sum>, [](int a, int b, int c) { return a * b * c; }) == 126);
    // A task that takes the pair itself gets it whole.
    CHECK(pool.map(sides, [](const std::pair<int, double>& one) { return one.first; }) ==
          std::vector<int>{1, 2, 0});
  });
}

TEST_CASE("inputs may be written out") {
  on_pool([](rankwise::pool& pool) {
    CHECK(pool.map({1, 2, 3}, rankwise::fn<triple>) == std::vector<int>{3, 6, 9});
    CHECK(pool.reduce({1, 2, 3}, 0, rankwise::fn<sum>) == 6);
    pool.for_each({std::string("a"), std::string("b")}, [](const std::string& text) {
      if (text.size() != 1) throw std::runtime_error("not as it was");
    });
  });
}

TEST_CASE("values become the type of the first where nothing is cut off") {
  on_pool([](rankwise::pool& pool) {
    const std::vector<int> ints{1, 2, 3};
    CHECK(pool.reduce(ints, 0.0, [](double left, double right) { return left + right; }) == 6.0);
    CHECK(pool.reduce(ints, std::int64_t{0}, std::plus<>{}) == 6);
    CHECK(pool.reduce(ints, std::int64_t{0}, std::plus<>{}, [](int i) { return i > 1; }) == 2);
    CHECK(pool.reduce(ints, std::string(), std::plus<>{}, [](int) { return "x"; }) == "xxx");
  });
}
