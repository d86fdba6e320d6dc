// SPDX-License-Identifier: MIT
#include <rankwise/pipeline.hpp>
#include <rankwise/rankwise.hpp>

#include "catch.hpp"
#include "on_pool.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <numeric>
#include <optional>
#include <ranges>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using rankwise::rank_id;
using rankwise::stage;

namespace {

std::uint64_t add_one(std::uint64_t value) {
  return value + 1;
}

std::string as_text(std::uint64_t value) {
  return std::to_string(value);
}

std::vector<double> spread(const std::string& text) {
  return std::vector<double>(100, std::stod(text));
}

double total(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

/// Counts the items that it has seen: it is made once on its rank.
struct counter {
  std::uint64_t seen = 0;

  std::uint64_t operator()(std::uint64_t) { return seen++; }
};

counter make_counter() {
  return {};
}

/// A maker with something to bring along, whose product can't be copied.
struct make_table {
  std::vector<int> squares;

  auto operator()() const {
    return [own = std::make_unique<std::vector<int>>(squares)](std::uint64_t at) {
      return static_cast<std::uint64_t>((*own)[at]);
    };
  }
};

struct add_number {
  std::uint64_t number = 0;

  std::uint64_t operator()(std::uint64_t value) const { return value * 10 + number; }
};

struct on_rank {
  std::uint64_t value = 0;
  std::int32_t rank = 0;
  std::uint64_t item = 0;
};

on_rank where(rankwise::task_context& context, std::uint64_t value) {
  return {value, static_cast<std::int32_t>(context.rank()), context.index()};
}

std::uint64_t not_17(std::uint64_t value) {
  if (value == 17) throw std::runtime_error("no luck with 17");
  return value;
}

std::uint64_t odd_alone(std::uint64_t value) {
  if (value % 2 == 0) throw std::runtime_error("even");
  return value;
}

std::vector<std::uint64_t> numbers(std::uint64_t n) {
  std::vector<std::uint64_t> all(n);
  std::iota(all.begin(), all.end(), 0);
  return all;
}

struct small_item {
  std::array<std::uint64_t, 8> words{};
};

small_item touch(small_item item) {
  ++item.words[7];
  return item;
}

constexpr double nap_s = 0.01;

std::uint64_t nap(std::uint64_t value) {
  std::this_thread::sleep_for(std::chrono::duration<double>(nap_s));
  return value;
}

/// An odd one takes longer.
std::uint64_t uneven(std::uint64_t value) {
  if (value % 2 == 1) {
    std::atomic<int> spin = 0;
    while (spin < 20'000) ++spin;
  }
  return value;
}

}  // namespace

TEST_CASE("items of changing types go through all stages, in order") {
  on_pool({}, [](rankwise::pool& pool) {
    std::vector<double> found;
    const auto report = pool.pipeline(numbers(500),
                                      rankwise::fn<add_one>,
                                      rankwise::fn<as_text>,
                                      rankwise::fn<spread>,
                                      rankwise::fn<total>,
                                      [&found](double sum) { found.push_back(sum); });
    REQUIRE(found.size() == 500);
    for (std::size_t i = 0; i < found.size(); ++i)
      REQUIRE(found[i] == 100 * static_cast<double>(i + 1));
    CHECK(report.n_items == 500);
    REQUIRE(report.seats.size() == 4);
    for (const rankwise::seat_report& seat : report.seats) CHECK(seat.n_items == 500);
  });
}

TEST_CASE("a source may be a callable, and the sink may ask for the number of the item") {
  on_pool({}, [](rankwise::pool& pool) {
    std::uint64_t next = 0;
    std::uint64_t due = 0;
    const auto source = [&next]() -> std::optional<std::uint64_t> {
      if (next == 1000) return std::nullopt;
      return 3 * next++;
    };
    pool.pipeline(source,
                  rankwise::fn<add_one>,
                  rankwise::fn<add_one>,
                  [&due](std::uint64_t item, std::uint64_t value) {
                    REQUIRE(item == due++);
                    REQUIRE(value == 3 * item + 2);
                  });
    CHECK(due == 1000);
  });
}

TEST_CASE("nothing in, nothing out") {
  on_pool({}, [](rankwise::pool& pool) {
    const auto report =
        pool.pipeline(numbers(0), rankwise::fn<add_one>, [](std::uint64_t) { REQUIRE(false); });
    CHECK(report.n_items == 0);
  });
}

TEST_CASE("a stage that is made on its rank keeps its state, also from run to run") {
  on_pool({}, [](rankwise::pool& pool) {
    const auto line = pool.make_pipeline<std::uint64_t>(rankwise::fn<make_counter>,
                                                        stage(make_table{{0, 1, 4, 9, 16, 25}}));
    std::vector<std::uint64_t> found;
    const auto keep = [&found](std::uint64_t value) { found.push_back(value); };
    line.run(numbers(3), keep);
    line.run(numbers(3), keep);
    CHECK(found == std::vector<std::uint64_t>{0, 1, 4, 9, 16, 25});
  });
}

TEST_CASE("a vector of stages stands for as many") {
  on_pool({}, [](rankwise::pool& pool) {
    std::vector<rankwise::pipeline_stage<add_number>> digits;
    for (std::uint64_t digit = 1; digit <= 7; ++digit) digits.push_back({{digit}, {}});
    std::vector<std::uint64_t> found;
    pool.pipeline(std::vector<std::uint64_t>{0, 9}, digits, [&found](std::uint64_t value) {
      found.push_back(value);
    });
    CHECK(found == std::vector<std::uint64_t>{1234567, 91234567});
  });
}

TEST_CASE("replicas share the items of a stage, which stay in order") {
  on_pool({}, [](rankwise::pool& pool) {
    std::vector<std::uint64_t> found;
    std::vector<std::uint64_t> by_rank(pool.n_ranks());
    pool.pipeline(std::views::iota(std::uint64_t{0}, std::uint64_t{2000}),
                  stage(rankwise::fn<uneven>, {.replicas = pool.n_ranks()}),
                  stage(rankwise::fn<where>, {.replicas = 2}),
                  [&](const on_rank& value) {
                    REQUIRE(value.item == value.value);
                    found.push_back(value.value);
                    ++by_rank[static_cast<std::size_t>(value.rank)];
                  });
    CHECK(found == numbers(2000));
    if (pool.n_ranks() > 1) {
      CHECK(by_rank[0] > 0);
      CHECK(by_rank[0] < 2000);
    }
  });
}

TEST_CASE("replicas are busy at the same time, the root's among them") {
  on_pool({}, [](rankwise::pool& pool) {
    constexpr std::uint64_t n_each = 15;
    const std::uint64_t n = n_each * pool.n_ranks();
    // On a busy machine a start may take long: then it is tried again.
    bool are_busy_together = false;
    for (int attempt = 0; attempt < 10 && !are_busy_together; ++attempt) {
      const rankwise::pipeline_report report = pool.pipeline(
          numbers(n), stage(rankwise::fn<nap>, {.replicas = pool.n_ranks()}), [](std::uint64_t) {});
      double busy_s = 0;
      for (const rankwise::seat_report& seat : report.seats) busy_s += seat.busy_s;
      REQUIRE(busy_s >= static_cast<double>(n) * nap_s);
      are_busy_together = pool.n_ranks() == 1 || report.elapsed_s < 0.8 * busy_s;
    }
    CHECK(are_busy_together);
  });
}

TEST_CASE("a stage runs on the ranks that it names") {
  on_pool({}, [](rankwise::pool& pool) {
    const rank_id last = rankwise::to_rank(pool.n_ranks() - 1);
    pool.pipeline(
        numbers(20), stage(rankwise::fn<where>, {.ranks = {last}}), [last](const on_rank& value) {
          REQUIRE(value.rank == static_cast<std::int32_t>(last));
        });
    CHECK_THROWS_WITH(
        pool.pipeline(numbers(1),
                      stage(rankwise::fn<where>, {.ranks = {rank_id{64}}}),
                      [](const on_rank&) {}),
        "stage 0 names rank 64; accepted: 0 to " + std::to_string(pool.n_ranks() - 1));
    CHECK_THROWS_WITH(
        pool.pipeline(
            numbers(1), stage(rankwise::fn<where>, {.ranks = {last, last}}), [](const on_rank&) {}),
        "stage 0 names rank " + std::to_string(pool.n_ranks() - 1) + " twice");
  });
}

TEST_CASE("a root that does not work has source and sink alone") {
  on_pool({.root_works = false}, [](rankwise::pool& pool) {
    pool.pipeline(numbers(50), rankwise::fn<where>, [&pool](const on_rank& value) {
      REQUIRE((value.rank != 0 || pool.n_ranks() == 1));
    });
  });
}

TEST_CASE("large items travel") {
  on_pool({}, [](rankwise::pool& pool) {
    const std::vector<std::string> texts{std::string(3'000'000, 'a'), "", std::string(70'000, 'b')};
    std::vector<std::string> found;
    pool.pipeline(
        texts,
        [](std::string text) { return text + "x"; },
        [](std::string text) { return text + "y"; },
        [&found](std::string text) { found.push_back(std::move(text)); });
    REQUIRE(found.size() == 3);
    for (std::size_t i = 0; i < texts.size(); ++i) CHECK((found[i] == texts[i] + "xy"));
  });
}

TEST_CASE("a stage that throws ends the run, with stage, item, rank and host") {
  on_pool({}, [](rankwise::pool& pool) {
    for (int round = 0; round < 20; ++round) {
      std::uint64_t n_out = 0;
      try {
        pool.pipeline(std::views::iota(std::uint64_t{0}, std::uint64_t{100'000}),
                      rankwise::fn<add_one>,
                      stage(rankwise::fn<not_17>, {.name = "picky"}),
                      rankwise::fn<add_one>,
                      [&n_out](std::uint64_t) { ++n_out; });
        REQUIRE(false);
      } catch (const rankwise::task_error& error) {
        REQUIRE(error.failures().size() == 1);
        CHECK(error.failures()[0].index == 16);
        CHECK(error.failures()[0].text == "stage 1 (picky): no luck with 17");
        CHECK(error.failures()[0].host == rankwise::this_host());
        CHECK(error.failures()[0].rank == (pool.n_ranks() == 1 ? 0 : 1));
      }
      CHECK(n_out <= 16);
    }
    const auto after = pool.map(std::views::iota(0, 100), [](int i) { return i; });
    CHECK(after[99] == 99);
  });
}

TEST_CASE("collect: all other items come out first") {
  on_pool({.on_error = rankwise::on_error_kind::collect}, [](rankwise::pool& pool) {
    std::vector<std::uint64_t> found;
    const auto line =
        pool.make_pipeline<std::uint64_t>(rankwise::fn<odd_alone>, rankwise::fn<add_one>);
    const rankwise::job_statistics before = pool.totals();
    try {
      line.run(numbers(100), [&found](std::uint64_t value) { found.push_back(value); });
      REQUIRE(false);
    } catch (const rankwise::task_error& error) {
      CHECK(error.failures().size() == 50);
      CHECK(error.failures()[1].index == 2);
    }
    REQUIRE(found.size() == 50);
    CHECK(found[49] == 100);
    CHECK(pool.totals().failures - before.failures == 50);
    CHECK(pool.totals().items_done - before.items_done == 100);
  });
}

TEST_CASE("retry: a stage is called again for the item") {
  on_pool({.on_error = rankwise::on_error_kind::retry, .retries = 2}, [](rankwise::pool& pool) {
    std::uint64_t n_out = 0;
    pool.pipeline(
        numbers(100),
        [](std::uint64_t value) {
          static thread_local int attempts = 0;
          if (value % 10 == 3 && attempts++ % 3 != 2) throw std::runtime_error("not yet");
          return value;
        },
        [&n_out](std::uint64_t) { ++n_out; });
    CHECK(n_out == 100);
  });
}

TEST_CASE("retry: a stage is told that it is called again") {
  on_pool({.on_error = rankwise::on_error_kind::retry, .retries = 1}, [](rankwise::pool& pool) {
    std::vector<std::uint64_t> found;
    pool.pipeline(
        numbers(20),
        [](rankwise::task_context& context, std::uint64_t value) {
          if (value % 5 == 3 && !context.again()) throw std::runtime_error("not yet");
          return value * 2 + (context.again() ? 1 : 0);
        },
        [&found](std::uint64_t value) { found.push_back(value); });
    for (std::uint64_t i = 0; i < 20; ++i) CHECK(found.at(i) == i * 2 + (i % 5 == 3 ? 1 : 0));
  });
}

TEST_CASE("when_settled is refused in a stage, on the root and elsewhere") {
  on_pool({}, [](rankwise::pool& pool) {
    const auto asks = [](rankwise::task_context& context, std::uint64_t value) {
      context.when_settled([](bool) {});
      return value;
    };
    for (std::uint32_t rank = 0; rank < pool.n_ranks(); ++rank) {
      // A map that may ask goes before: what it may is not what a stage may.
      CHECK(pool.map(numbers(10), asks) == numbers(10));
      std::string text;
      try {
        pool.pipeline(numbers(6),
                      stage(asks, {.name = "asks", .ranks = {rankwise::to_rank(rank)}}),
                      [](std::uint64_t) {});
      } catch (const rankwise::task_error& error) {
        text = error.failures().at(0).text;
      }
      CHECK(text.find("stage 0 (asks): task_context::when_settled was called in a stage of a "
                      "pipeline") == 0);
    }
  });
}

TEST_CASE("what source and sink throw comes through, and the pool can be used again") {
  on_pool({}, [](rankwise::pool& pool) {
    std::uint64_t next = 0;
    const auto source = [&next]() -> std::optional<std::uint64_t> {
      if (next == 40) throw std::out_of_range("the source is dry");
      return next++;
    };
    CHECK_THROWS_AS(pool.pipeline(source, rankwise::fn<add_one>, [](std::uint64_t) {}),
                    std::out_of_range);
    CHECK_THROWS_AS(pool.pipeline(numbers(1000),
                                  rankwise::fn<add_one>,
                                  [](std::uint64_t value) {
                                    if (value == 500) throw std::length_error("the sink is full");
                                  }),
                    std::length_error);
    const auto after = pool.map(std::views::iota(0, 100), [](int i) { return i; });
    CHECK(after[99] == 99);
  });
}

TEST_CASE("no more items are between source and sink than allowed") {
  on_pool({}, [](rankwise::pool& pool) {
    const auto line =
        pool.make_pipeline<std::uint64_t>(rankwise::fn<add_one>, rankwise::fn<add_one>);
    for (const std::uint64_t limit : {1U, 2U, 7U}) {
      std::uint64_t n_in = 0;
      std::uint64_t n_out = 0;
      const auto source = [&]() -> std::optional<std::uint64_t> {
        REQUIRE(n_in - n_out < limit);
        if (n_in == 300) return std::nullopt;
        return n_in++;
      };
      line.run(source, [&n_out](std::uint64_t) { ++n_out; }, {.in_flight = limit});
      CHECK(n_out == 300);
    }
  });
}

TEST_CASE("results do not wait for a source that is not ready") {
  on_pool({}, [](rankwise::pool& pool) {
    // The source is ready once all that it has given has come out.
    std::uint64_t n_given = 0;
    std::uint64_t n_come = 0;
    pool.make_pipeline<std::uint64_t>(rankwise::fn<add_one>, rankwise::fn<add_one>)
        .run(
            [&]() -> std::optional<std::uint64_t> {
              REQUIRE(n_given == n_come);
              if (n_given == 50) return std::nullopt;
              return n_given++;
            },
            [&](std::uint64_t) { ++n_come; },
            {.is_ready = [&] { return n_given == n_come; }});
    CHECK(n_come == 50);
  });
}

TEST_CASE("100,000 items of 64 bytes keep their order") {
  on_pool({}, [](rankwise::pool& pool) {
    std::uint64_t next = 0;
    std::uint64_t due = 0;
    const auto source = [&next]() -> std::optional<small_item> {
      if (next == 100'000) return std::nullopt;
      return small_item{{next++}};
    };
    pool.pipeline(source, rankwise::fn<touch>, rankwise::fn<touch>, [&due](const small_item& item) {
      REQUIRE(item.words[0] == due++);
      REQUIRE(item.words[7] == 2);
    });
    CHECK(due == 100'000);
  });
}
