// SPDX-License-Identifier: MIT
// pool.share: values that all tasks use, in each kind of call.
#include <rankwise/emitter.hpp>
#include <rankwise/future.hpp>
#include <rankwise/map_reduce.hpp>
#include <rankwise/rankwise.hpp>
#include <rankwise/shared.hpp>
#include <rankwise/stream.hpp>

#include "catch.hpp"
#include "on_pool.hpp"
#include "temporary_directory.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <functional>
#include <map>
#include <numeric>
#include <optional>
#include <ranges>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using Catch::Matchers::Contains;

namespace {

using rankwise::pool;

using by_name = std::map<std::string, int>;

by_name names() {
  by_name all;
  for (int i = 0; i < 30'000; ++i) all["number " + std::to_string(i)] = i;
  return all;
}

int look_up(int item, const by_name& all) {
  return all.at("number " + std::to_string(item));
}

double element(std::uint64_t item, std::span<const double> all) {
  return all[item];
}

bool is_at(std::uint64_t item, std::span<const double> all, double wanted) {
  return all[item] == wanted;
}

void emit_element(std::uint64_t item,
                  rankwise::emitter<int, double>& emit,
                  std::span<const double> all) {
  emit(static_cast<int>(item % 3), all[item]);
}

auto items() {
  return std::views::iota(std::uint64_t{0}, std::uint64_t{300});
}

std::vector<double> halves(std::size_t n) {
  std::vector<double> all(n);
  for (std::size_t i = 0; i < n; ++i) all[i] = 0.5 * static_cast<double>(i);
  return all;
}

std::size_t size_of(std::uint32_t /*row*/, std::span<const std::byte> all) {
  return all.size();
}

/// On the root, for tasks that do what they must not.
const pool*& pool_here() {
  static const pool* one = nullptr;
  return one;
}

}  // namespace

TEST_CASE("a shared table is given to the tasks of each kind of call") {
  on_pool([](pool& ranks) {
    const auto table = ranks.share(halves(300));
    const auto by_element = rankwise::with(table)(rankwise::fn<element>);
    CHECK(ranks.map(items(), by_element) == halves(300));
    CHECK(ranks.reduce(items(), 0.0, std::plus<>(), by_element) == 0.25 * 299 * 300);
    ranks.for_each(items(), by_element);
    CHECK(ranks.find_first(items(), rankwise::with(table, 20.5)(rankwise::fn<is_at>)) ==
          std::optional<std::uint64_t>(41));
    CHECK(ranks.try_map(items(), by_element).back().value() == 149.5);
    CHECK(ranks.submit(rankwise::fn<element>, std::uint64_t{7}, table).get() == 3.5);
    double sum = 0;
    for (const auto& one :
         ranks.map_reduce(items(), rankwise::with(table)(rankwise::fn<emit_element>), std::plus<>())
             .gather()) {
      sum += one.value;
    }
    CHECK(sum == 0.25 * 299 * 300);
    std::vector<double> streamed;
    ranks.stream(items(), by_element, [&](double value) { streamed.push_back(value); });
    CHECK(streamed == halves(300));
    CHECK(ranks.with({.quiet = true, .isolate = true}).map(items(), by_element) == halves(300));
  });
}

TEST_CASE("any value that travels can be shared, and is given as what it is") {
  on_pool([](pool& ranks) {
    const auto all = ranks.share(names());
    std::vector<int> expected(200);
    std::iota(expected.begin(), expected.end(), 0);
    CHECK(ranks.map(std::views::iota(0, 200), rankwise::with(all)(rankwise::fn<look_up>)) ==
          expected);
    CHECK((*all).size() == 30'000);
    const auto text = ranks.share("a text");
    const auto none = ranks.share(std::vector<std::uint32_t>());
    const auto pair = ranks.share(std::pair(3, std::string("three")));
    const std::array<std::int64_t, 3> here{1, 2, 3};
    const auto range = ranks.share(std::span<const std::int64_t>(here));
    const auto sizes = ranks.on_each_rank(
        rankwise::with(text, none, pair, range)([](std::uint32_t /*row*/,
                                                   std::string_view its_text,
                                                   std::span<const std::uint32_t> nothing,
                                                   const std::pair<int, std::string>& its_pair,
                                                   std::span<const std::int64_t> its_range) {
          return std::string(its_text) + " " + std::to_string(nothing.size()) + " " +
                 its_pair.second + " " + std::to_string(its_range.back());
        }));
    CHECK(sizes == std::vector<std::string>(ranks.n_workers(), "a text 0 three 3"));
  });
}

TEST_CASE("a value of many pieces is the same on all ranks, and a file") {
  const rankwise::test::temporary_directory here;
  const std::string path = here / "file";
  std::ofstream(path) << std::string(3'000'001, 'x');
  on_pool([&](pool& ranks) {
    const std::vector<double> values = halves(700'000);
    const auto large = ranks.share(values);
    const auto sum = [](std::uint32_t /*row*/, std::span<const double> all) {
      return std::accumulate(all.begin(), all.end(), 0.0);
    };
    CHECK(
        ranks.on_each_rank(rankwise::with(large)(sum)) ==
        std::vector<double>(ranks.n_workers(), std::accumulate(values.begin(), values.end(), 0.0)));
    const auto file = ranks.share_file(path);
    CHECK(ranks.on_each_rank(rankwise::with(file)(rankwise::fn<size_of>)) ==
          std::vector<std::size_t>(ranks.n_workers(), 3'000'001));
    CHECK_THROWS_WITH(ranks.share_file(path + "s"), Contains("files: can't be opened"));
  });
}

TEST_CASE("what is moved into a shared value is not copied on the root") {
  on_pool([](pool& ranks) {
    std::vector<double> values = halves(1000);
    const double* const place = values.data();
    const auto table = ranks.share(std::move(values));
    CHECK((*table).data() == place);
  });
}

TEST_CASE("a pool is not to be used by tasks, for sharing either") {
  on_pool([](pool& ranks) {
    pool_here() = &ranks;
    std::string said;
    try {
      ranks.on_each_rank([](std::uint32_t row) {
        if (row == 0) pool_here()->share(1);
      });
    } catch (const rankwise::task_error& error) {
      said = error.what();
    }
    CHECK_THAT(said, Contains("pool::share was called from inside a task"));
  });
}
