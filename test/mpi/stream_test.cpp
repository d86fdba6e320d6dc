// SPDX-License-Identifier: MIT
// pool.stream: sources, sinks, and what becomes of them.
#include <rankwise/future.hpp>
#include <rankwise/rankwise.hpp>
#include <rankwise/shared.hpp>
#include <rankwise/stream.hpp>

#include "catch.hpp"
#include "on_pool.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <list>
#include <map>
#include <numeric>
#include <optional>
#include <ranges>
#include <span>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace std::chrono_literals;
using Catch::Matchers::Contains;

namespace {

std::uint64_t thrice(std::uint64_t value) {
  return 3 * value;
}

std::uint64_t fails_at_70(std::uint64_t value) {
  if (value == 70) throw std::runtime_error("seventy is too many");
  return value;
}

std::string said(rankwise::task_context& context, const std::string& text) {
  return text + "#" + std::to_string(context.index());
}

std::uint64_t slow_at_0(std::uint64_t value) {
  if (value == 0) std::this_thread::sleep_for(50ms);
  return value;
}

/// Numbers from 0 on, for ever.
auto numbers() {
  return [next = std::uint64_t{0}]() mutable { return std::optional(next++); };
}

/// The same up to `n`.
auto numbers_up_to(std::uint64_t n) {
  return [next = std::uint64_t{0}, n]() mutable {
    return next == n ? std::nullopt : std::optional(next++);
  };
}

}  // namespace

TEST_CASE("the sink gets what comes of each item, in the order of the source") {
  on_pool([](rankwise::pool& pool) {
    for (const std::uint64_t n : {0U, 1U, 2U, 100U, 30'000U}) {
      for (const std::uint64_t in_flight : {0U, 1U, 7U, 1000U}) {
        if (n > 100 * in_flight && in_flight != 0) continue;  // a round trip for each few
        std::vector<std::uint64_t> found;
        const auto take = [&](std::uint64_t value) { found.push_back(value); };
        const rankwise::stream_report done =
            pool.stream(numbers_up_to(n), rankwise::fn<thrice>, take, {.in_flight = in_flight});
        REQUIRE(found.size() == n);
        bool is_right = true;
        for (std::uint64_t i = 0; i < n; ++i) is_right = is_right && found[i] == 3 * i;
        CHECK(is_right);
        CHECK(done.n_read == n);
        CHECK(done.n_done == n);
        CHECK(done.n_delivered == n);
        CHECK(done.n_thrown_away == 0);
      }
    }
  });
}

TEST_CASE("a source is any range: of text, read once, lazy, or a list") {
  on_pool([](rankwise::pool& pool) {
    std::istringstream text("one two three four");
    std::string all;
    pool.stream(std::views::istream<std::string>(text),
                rankwise::fn<said>,
                [&](std::uint64_t index, const std::string& one) {
                  all += std::to_string(index) + one + " ";
                });
    CHECK(all == "0one#0 1two#1 2three#2 3four#3 ");

    std::list<std::vector<double>> vectors(50, std::vector<double>(1000, 0.5));
    double sum = 0;
    pool.stream(
        vectors,
        [](const std::vector<double>& one) { return std::accumulate(one.begin(), one.end(), 0.0); },
        [&](double one) { sum += one; });
    CHECK(sum == 25'000);

    std::vector<bool> bits(200, true);
    int n = 0;
    pool.stream(
        bits | std::views::filter([](bool bit) { return bit; }),
        [](bool bit) { return !bit; },
        [&](bool bit) { n += bit ? 0 : 1; });
    CHECK(n == 200);
  });
}

TEST_CASE("a quick sink is called on and on where one item is under way at a time") {
  on_pool([](rankwise::pool& pool) {
    std::uint64_t n = 0;
    pool.stream(numbers_up_to(300),
                rankwise::fn<thrice>,
                [&](std::uint64_t /*value*/) { ++n; },
                {.in_flight = 1});
    CHECK(n == 300);
  });
}

TEST_CASE("large results that wait for an earlier one hold back the source") {
  on_pool([](rankwise::pool& pool) {
    std::atomic<std::uint64_t> n_read = 0;
    const auto source = [&]() -> std::optional<std::uint64_t> {
      return n_read == 6000 ? std::nullopt : std::optional<std::uint64_t>(n_read++);
    };
    const auto grow = [](std::uint64_t value) {
      if (value == 0) std::this_thread::sleep_for(300ms);
      return std::string(20'000, 'x');
    };
    std::uint64_t at_first = 0;
    std::uint64_t n = 0;
    pool.stream(source, grow, [&](const std::string& /*text*/) {
      if (n++ == 0) at_first = n_read;
    });
    CHECK(n == 6000);
    CHECK(at_first < 3000);  // 16 MiB are 839 of them
  });
}

TEST_CASE("results come as they come where the order is given up") {
  on_pool([](rankwise::pool& pool) {
    std::vector<std::uint64_t> order;
    std::map<std::uint64_t, std::uint64_t> found;
    const auto take = [&](std::uint64_t index, std::uint64_t value) {
      order.push_back(index);
      found[index] = value;
    };
    pool.stream(numbers_up_to(5000), rankwise::fn<slow_at_0>, take, {.in_order = false});
    REQUIRE(found.size() == 5000);
    CHECK(order.size() == 5000);
    CHECK(std::ranges::all_of(found, [](const auto& one) { return one.first == one.second; }));
    if (pool.n_workers() > 1) CHECK(order.front() != 0);
  });
}

TEST_CASE("the sink ends an endless stream when it has enough") {
  for (const bool in_order : {true, false}) {
    on_pool([&](rankwise::pool& pool) {
      int n = 0;
      const auto take = [&](std::uint64_t /*value*/) { return ++n < 1000; };
      const rankwise::stream_report done =
          pool.stream(numbers(), rankwise::fn<thrice>, take, {.in_order = in_order});
      CHECK(n == 1000);
      CHECK(done.n_delivered == 1000);
      CHECK(done.n_read >= 1000);
      CHECK(done.n_thrown_away + done.n_delivered == done.n_read);
      CHECK(pool.totals().items_thrown_away <= done.n_thrown_away);
      const std::vector<int> after =
          pool.map(std::views::iota(0, 10), [](int value) { return value; });
      CHECK(after.size() == 10);
    });
  }
}

TEST_CASE("a reference to false is enough as well, and a source may return one to its item") {
  on_pool([](rankwise::pool& pool) {
    bool wants_more = true;
    std::optional<std::uint64_t> item = 0;
    const auto source = [&]() -> std::optional<std::uint64_t>& {
      ++*item;
      return item;
    };
    int n = 0;
    pool.stream(source, rankwise::fn<thrice>, [&](std::uint64_t /*value*/) -> bool& {
      wants_more = ++n < 10;
      return wants_more;
    });
    CHECK(n == 10);
  });
}

TEST_CASE("a shared value of another job is refused") {
  std::optional<rankwise::shared<std::span<const double>>> kept;
  const auto pick = [](std::uint64_t item, std::span<const double> all) { return all[item]; };
  on_pool([&](rankwise::pool& pool) {
    kept = pool.share(std::vector<double>(100, 0.5));
    double sum = 0;
    pool.stream(numbers_up_to(100), rankwise::with(*kept)(pick), [&](double one) { sum += one; });
    CHECK(sum == 50);
  });
  on_pool([&](rankwise::pool& pool) {
    CHECK_THROWS_AS(
        pool.stream(numbers_up_to(100), rankwise::with(*kept)(pick), [](double /*one*/) {}),
        std::logic_error);
  });
}

TEST_CASE("without a sink the tasks are run, and that is all") {
  on_pool([](rankwise::pool& pool) {
    const rankwise::stream_report done =
        pool.stream(numbers_up_to(20'000), [](std::uint64_t /*value*/) {});
    CHECK(done.n_done == 20'000);
    CHECK(done.n_delivered == 0);
    CHECK(done.n_thrown_away == 0);
  });
}

TEST_CASE("the source is held back while the sink is slow") {
  on_pool([](rankwise::pool& pool) {
    std::atomic<std::uint64_t> n_read = 0;
    std::uint64_t n_taken = 0;
    std::uint64_t most = 0;
    const auto source = [&]() -> std::optional<std::uint64_t> {
      return n_read == 400 ? std::nullopt : std::optional<std::uint64_t>(n_read++);
    };
    const auto take = [&](std::uint64_t /*value*/) {
      std::this_thread::sleep_for(100us);
      most = std::max(most, n_read - n_taken);
      ++n_taken;
    };
    pool.stream(source, rankwise::fn<thrice>, take, {.in_flight = 20});
    CHECK(n_taken == 400);
    CHECK(most <= 21);
  });
}

TEST_CASE("a result does not wait for a source that is slow") {
  on_pool([](rankwise::pool& pool) {
    std::atomic<bool> has_come = false;
    bool was_late = false;
    auto source = [&, n = 0]() mutable -> std::optional<std::uint64_t> {
      if (++n == 1) return 5;
      for (int i = 0; i < 20'000 && !has_come; ++i) std::this_thread::sleep_for(1ms);
      was_late = !has_come;
      return std::nullopt;
    };
    pool.stream(source, rankwise::fn<thrice>, [&](std::uint64_t /*value*/) { has_come = true; });
    CHECK_FALSE(was_late);
  });
}

TEST_CASE("no item waits for the one behind it to be read") {
  on_pool([](rankwise::pool& pool) {
    std::atomic<int> n_taken = 0;
    bool was_late = false;
    const auto waits = [&](std::uint64_t value) {
      for (int i = 0; i < 20'000 && n_taken != static_cast<int>(value); ++i)
        std::this_thread::sleep_for(1ms);
      was_late = was_late || n_taken != static_cast<int>(value);
      return value;
    };
    pool.stream(std::views::iota(std::uint64_t{0}, std::uint64_t{4}) | std::views::transform(waits),
                rankwise::fn<thrice>,
                [&](std::uint64_t /*value*/) { ++n_taken; });
    CHECK_FALSE(was_late);
    CHECK(n_taken == 4);
  });
}

TEST_CASE("a task that fails ends the stream, or is tried again, or is left out") {
  using rankwise::on_error_kind;
  for (const on_error_kind on_error :
       {on_error_kind::stop, on_error_kind::retry, on_error_kind::collect}) {
    rankwise::options how;
    how.on_error = on_error;
    on_pool(how, [&](rankwise::pool& pool) {
      std::vector<std::uint64_t> found;
      const auto take = [&](std::uint64_t value) { found.push_back(value); };
      CHECK_THROWS_WITH(pool.stream(numbers_up_to(200), rankwise::fn<fails_at_70>, take),
                        Contains("task 70 failed") && Contains("seventy is too many"));
      if (on_error == on_error_kind::collect) {
        CHECK(found.size() == 199);
      } else {
        CHECK(found.size() <= 70);
      }
      CHECK(std::ranges::is_sorted(found));
    });
  }
}

TEST_CASE("what source and sink throw comes through as it is") {
  on_pool([](rankwise::pool& pool) {
    auto source = [n = std::uint64_t{0}]() mutable -> std::optional<std::uint64_t> {
      if (n == 50) throw std::out_of_range("the source is dry");
      return n++;
    };
    CHECK_THROWS_WITH(pool.stream(source, rankwise::fn<thrice>, [](std::uint64_t /*value*/) {}),
                      "the source is dry");
    int n = 0;
    const auto take = [&](std::uint64_t /*value*/) {
      if (++n == 10) throw std::out_of_range("the sink is full");
    };
    CHECK_THROWS_AS(pool.stream(numbers(), rankwise::fn<thrice>, take), std::out_of_range);
    CHECK(n == 10);
    rankwise::options how = pool.options();
    how.on_error = rankwise::on_error_kind::collect;
    n = 0;
    CHECK_THROWS_AS(
        pool.with(how).stream(
            numbers(), [](std::uint64_t value) { return value == 3 ? throw 3 : value; }, take),
        std::out_of_range);
    CHECK(pool.map({1, 2}, [](int value) { return value; }).size() == 2);
  });
}

TEST_CASE("futures go on while a stream is under way; a sink can't make calls") {
  on_pool([](rankwise::pool& pool) {
    std::vector<rankwise::future<std::uint64_t>> futures;
    for (std::uint64_t i = 0; i < 500; ++i) futures.push_back(pool.submit(rankwise::fn<thrice>, i));
    std::uint64_t sum = 0;
    pool.stream(
        numbers_up_to(500), rankwise::fn<thrice>, [&](std::uint64_t value) { sum += value; });
    CHECK(sum == 3ULL * 499 * 500 / 2);
    for (std::uint64_t i = 0; i < 500; ++i) CHECK(futures[i].get() == 3 * i);
    const auto calls = [&](std::uint64_t /*value*/) {
      pool.map({1}, [](int value) { return value; });
    };
    CHECK_THROWS_WITH(pool.stream(numbers_up_to(5), rankwise::fn<thrice>, calls),
                      Contains("pool::map"));
  });
}

TEST_CASE("tasks of a stream are told that their results count, and may ask for chance") {
  rankwise::options how;
  how.seed = 7;
  on_pool(how, [](rankwise::pool& pool) {
    const auto task = [](rankwise::task_context& context, std::uint64_t value) {
      if (value % 10 == 0) context.when_settled([](bool /*counts*/) {});
      return context.random()();
    };
    std::vector<std::uint32_t> first;
    std::vector<std::uint32_t> second;
    pool.stream(numbers_up_to(100), task, [&](std::uint32_t one) { first.push_back(one); });
    pool.stream(numbers_up_to(100), task, [&](std::uint32_t one) { second.push_back(one); });
    CHECK(first.size() == 100);
    CHECK(first != second);
    CHECK(first[99] == rankwise::random_stream(7, 99, 0)());
  });
}

TEST_CASE("options of other calls hold for streams") {
  for (int variant = 0; variant < 6; ++variant) {
    rankwise::options how;
    how.isolate = variant == 1;
    how.speculate = variant == 2;
    how.max_ranks = variant == 3 ? 1 : 0;
    how.root_works = variant != 4;
    how.schedule =
        variant == 5 ? rankwise::schedule_kind::static_blocks : rankwise::schedule_kind::adaptive;
    on_pool(how, [](rankwise::pool& pool) {
      std::uint64_t sum = 0;
      pool.stream(
          numbers_up_to(40), rankwise::fn<thrice>, [&](std::uint64_t value) { sum += value; });
      CHECK(sum == 3ULL * 39 * 40 / 2);
    });
  }
}
