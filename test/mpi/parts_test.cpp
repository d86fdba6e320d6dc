// SPDX-License-Identifier: MIT
// pool.place: parts that stay on ranks between calls.
#include <rankwise/parts.hpp>
#include <rankwise/rankwise.hpp>
#include <rankwise/shared.hpp>

#include "catch.hpp"
#include "on_pool.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <numeric>
#include <optional>
#include <ranges>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using Catch::Matchers::Contains;

namespace {

using rankwise::pool;

/// A part that can't be sent, and counts how many of its kind there are on its rank.
class counted_numbers {
 public:
  explicit counted_numbers(std::vector<double> values) : values_(std::move(values)) { ++n_here(); }

  counted_numbers(counted_numbers&& other) noexcept : values_(std::move(other.values_)) {
    ++n_here();
  }

  ~counted_numbers() { --n_here(); }

  const std::vector<double>& values() const { return values_; }

  void multiply(double factor) {
    for (double& each : values_) each *= factor;
  }

  static int& n_here() {
    static int n = 0;
    return n;
  }

 private:
  std::vector<double> values_;
};

counted_numbers make_numbers(int input) {
  std::vector<double> values(3);
  std::iota(values.begin(), values.end(), 1.0 / (1 + input));
  return counted_numbers(std::move(values));
}

double sum_of(const counted_numbers& part) {
  return std::accumulate(part.values().begin(), part.values().end(), 0.0);
}

double expected_sum(int input, double factor = 1) {
  return 3 * factor / (1 + input) + 3 * factor;
}

std::vector<double> expected_sums(int n, double factor = 1) {
  std::vector<double> all;
  for (int input = 0; input < n; ++input) all.push_back(expected_sum(input, factor));
  return all;
}

void multiply(counted_numbers& part, double factor) {
  part.multiply(factor);
}

void require_close(const std::vector<double>& found, const std::vector<double>& expected) {
  REQUIRE(found.size() == expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) CHECK(found[i] == Approx(expected[i]));
}

using numbers = std::vector<std::uint64_t>;

numbers up_to(std::uint64_t n) {
  numbers all(n);
  std::iota(all.begin(), all.end(), std::uint64_t{0});
  return all;
}

std::uint64_t total(const numbers& part) {
  return std::accumulate(part.begin(), part.end(), std::uint64_t{0});
}

void append(numbers& part, std::uint64_t value) {
  part.push_back(value);
}

/// Changes the part, and then throws for one.
void append_and_throw(rankwise::task_context& context, numbers& part, std::uint64_t which) {
  part.push_back(1000);
  if (context.index() == which) throw std::runtime_error("not this one");
}

void append_random(rankwise::task_context& context, numbers& part) {
  part.push_back(context.random()());
}

int rank_of(rankwise::task_context& context, const numbers& /*part*/) {
  return static_cast<int>(context.rank());
}

}  // namespace

TEST_CASE("parts stay where they were made, and are changed there") {
  on_pool([](pool& ranks) {
    constexpr int n = 17;
    {
      const auto parts = ranks.place(std::views::iota(0, n), rankwise::fn<make_numbers>);
      CHECK(parts.size() == n);
      require_close(ranks.map(parts, rankwise::fn<sum_of>), expected_sums(n));
      ranks.for_each(parts, rankwise::with(2.0)(rankwise::fn<multiply>));
      ranks.for_each(parts, rankwise::with(1.5)(rankwise::fn<multiply>));
      require_close(ranks.map(parts, rankwise::fn<sum_of>), expected_sums(n, 3));
      const std::vector<double> sums = expected_sums(n, 3);
      CHECK(ranks.reduce(parts, 0.0, std::plus<>(), rankwise::fn<sum_of>) ==
            Approx(std::accumulate(sums.begin(), sums.end(), 0.0)));
      const auto factor = ranks.share(0.5);
      ranks.for_each(parts, rankwise::with(factor)(rankwise::fn<multiply>));
      require_close(ranks.map(parts, rankwise::fn<sum_of>), expected_sums(n, 1.5));
      const auto kept =
          ranks.on_each_rank([](std::uint32_t /*row*/) { return counted_numbers::n_here(); });
      CHECK(std::accumulate(kept.begin(), kept.end(), 0) == n);
    }
    const auto n_kept = [&] {
      const auto kept =
          ranks.on_each_rank([](std::uint32_t /*row*/) { return counted_numbers::n_here(); });
      return std::accumulate(kept.begin(), kept.end(), 0);
    };
    while (n_kept() != 0) {  // ranks are told so between their tasks
    }
  });
}

TEST_CASE("parts come home in the order of their inputs") {
  on_pool([](pool& ranks) {
    const auto parts = ranks.place(up_to(10), rankwise::fn<up_to>);
    const auto where = ranks.map(parts, rankwise::fn<rank_of>);
    CHECK(std::ranges::is_sorted(where));
    CHECK(ranks.map(parts, rankwise::fn<rank_of>) == where);
    const auto lengths = ranks.map(parts, [](numbers& part) {
      part.push_back(7);
      return part.size();
    });
    const std::vector<numbers> home = parts.gather();
    REQUIRE(home.size() == 10);
    for (std::uint64_t i = 0; i < 10; ++i) {
      numbers expected = up_to(i);
      expected.push_back(7);
      CHECK(home[i] == expected);
      CHECK(lengths[i] == i + 1);
    }
    CHECK(ranks
              .reduce(parts,
                      numbers(),
                      [](numbers left, const numbers& right) {
                        left.insert(left.end(), right.begin(), right.end());
                        return left;
                      })
              .size() == 55);
    const auto none = ranks.place(numbers(), rankwise::fn<up_to>);
    CHECK(ranks.map(none, rankwise::fn<total>).empty());
    CHECK(ranks.reduce(none, std::uint64_t{3}, std::plus<>(), rankwise::fn<total>) == 3);
  });
}

TEST_CASE("a call that fails has changed no part") {
  on_pool([](pool& ranks) {
    auto how = ranks.options();
    how.quiet = true;
    const auto quiet = ranks.with(how);
    const auto parts = quiet.place(up_to(12), rankwise::fn<up_to>);
    quiet.for_each(parts, rankwise::with(5U)(rankwise::fn<append>));
    const auto before = parts.gather();
    const auto fails = rankwise::with(std::uint64_t{7})(rankwise::fn<append_and_throw>);
    CHECK_THROWS_WITH(quiet.for_each(parts, fails), Contains("not this one"));
    CHECK(parts.gather() == before);
    how.on_error = rankwise::on_error_kind::collect;
    CHECK_THROWS_AS(ranks.with(how).for_each(parts, fails), rankwise::task_error);
    quiet.for_each(parts, rankwise::with(6U)(rankwise::fn<append>));
    auto after = before;
    for (numbers& each : after) each.push_back(6);
    CHECK(parts.gather() == after);
    CHECK_THROWS_WITH(
        quiet.place(up_to(3),
                    [](std::uint64_t) -> numbers { throw std::runtime_error("no such part"); }),
        Contains("no such part"));
  });
}

TEST_CASE("parts that go to another rank are made again as they were") {
  on_pool([](pool& ranks) {
    for (const std::uint32_t snapshot_every : {0U, 2U}) {
      const auto parts = ranks.place(up_to(9), rankwise::fn<up_to>, {snapshot_every});
      for (std::uint64_t i = 0; i < 5; ++i)
        ranks.for_each(parts, rankwise::with(i)(rankwise::fn<append>));
      ranks.for_each(parts, rankwise::fn<append_random>);
      const auto before = parts.gather();
      rankwise::options few = ranks.options();
      few.max_ranks = 1;
      CHECK(ranks.with(few).map(parts, [](const numbers& part) { return part; }) == before);
      ranks.with(few).for_each(parts, rankwise::with(3U)(rankwise::fn<append>));
      auto after = before;
      for (numbers& each : after) each.push_back(3);
      CHECK(parts.gather() == after);
      rankwise::options others = ranks.options();
      others.root_works = false;
      CHECK(ranks.with(others).map(parts, [](const numbers& part) { return part; }) == after);
      others = ranks.options();
      others.at_most = 1;
      CHECK(ranks.with(others).map(parts, rankwise::fn<total>).size() == 9);
      CHECK(parts.gather() == after);
    }
  });
}

TEST_CASE("what parts can't be used for is refused") {
  std::optional<rankwise::parts<numbers>> outlives;
  on_pool([&](pool& ranks) {
    const auto parts = ranks.place(up_to(4), rankwise::fn<up_to>);
    rankwise::options how = ranks.options();
    how.quiet = true;
    how.isolate = true;
    CHECK_THROWS_WITH(ranks.with(how).place(up_to(4), rankwise::fn<up_to>),
                      Contains("--isolate: found pool::place"));
    CHECK_THROWS_WITH(ranks.with(how).for_each(parts, rankwise::fn<append_random>),
                      Contains("--isolate: found pool::for_each over parts"));
    CHECK(ranks.with(how).map(parts, rankwise::fn<total>) == numbers{0, 0, 1, 3});
    CHECK_THROWS_WITH(ranks.for_each(parts,
                                     [](rankwise::task_context& context, numbers&) {
                                       context.when_settled([](bool) {});
                                     }),
                      Contains("a task that makes parts or changes them"));
    outlives = parts;
  });
  on_pool([&](pool& ranks) {
    if (!outlives) return;
    CHECK_THROWS_WITH(ranks.map(*outlives, rankwise::fn<total>), Contains("whose job is over"));
    outlives.reset();
  });
}
