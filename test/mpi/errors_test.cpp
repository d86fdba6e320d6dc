// SPDX-License-Identifier: MIT
#include <rankwise/rankwise.hpp>

#include "catch.hpp"
#include "on_pool.hpp"
#include "temporary_directory.hpp"

#include <boost/mpi/communicator.hpp>

#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <ranges>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace {

std::set<int> counted_here;  // items

int fails_at_777(int i) {
  if (i == 777) throw std::runtime_error("no luck with 777");
  return i;
}

/// Fails on its first attempts, which are counted where they run.
int fails_twice(rankwise::task_context&, int i) {
  static thread_local std::vector<int> attempts(1000);
  if (i % 50 == 7 && attempts[static_cast<std::size_t>(i)]++ < 1)
    throw std::runtime_error("not yet");
  return i;
}

std::optional<rankwise::task_error> failure_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const rankwise::task_error& error) {
    return error;
  }
  return std::nullopt;
}

}  // namespace

TEST_CASE("stop: the first failure comes home with its text, and the pool can be used again") {
  on_pool({}, [](rankwise::pool& pool) {
    for (int round = 0; round < 20; ++round) {
      const auto error =
          failure_of([&] { pool.map(std::views::iota(0, 100'000), rankwise::fn<fails_at_777>); });
      REQUIRE(error.has_value());
      REQUIRE(error->failures().size() == 1);
      CHECK(error->failures()[0].index == 777);
      CHECK(error->failures()[0].text == "no luck with 777");
      CHECK(error->failures()[0].host == rankwise::this_host());
      CHECK(std::string(error->what()).find("task 777 failed on rank ") == 0);
      const auto after = pool.map(std::views::iota(0, 100), [](int i) { return i; });
      REQUIRE(after[99] == 99);
    }
  });
}

TEST_CASE("stop: tasks under way are told") {
  on_pool({.schedule = rankwise::schedule_kind::self}, [](rankwise::pool& pool) {
    const auto error = failure_of([&] {
      pool.for_each(std::views::iota(0, 64), [](rankwise::task_context& context, int i) {
        if (i == 0) throw std::runtime_error("stop");
        while (!context.cancelled()) std::this_thread::yield();
      });
    });
    REQUIRE(error.has_value());
    CHECK(error->failures()[0].index == 0);
  });
}

TEST_CASE("collect: all failures in one report, in order") {
  on_pool({.on_error = rankwise::on_error_kind::collect}, [](rankwise::pool& pool) {
    const auto error = failure_of([&] {
      pool.for_each(std::views::iota(0, 1000), [](int i) {
        if (i % 100 == 0) throw std::invalid_argument("hundred " + std::to_string(i));
        if (i == 555) throw 5;
      });
    });
    REQUIRE(error.has_value());
    REQUIRE(error->failures().size() == 11);
    CHECK(error->failures()[1].index == 100);
    CHECK(error->failures()[1].text == "hundred 100");
    CHECK(error->failures()[6].text == "an exception that is not a std::exception");
    CHECK(std::string(error->what()).find("11 of 1000 tasks failed:") == 0);
  });
}

TEST_CASE("retry: a task that fails for a while succeeds") {
  on_pool({.on_error = rankwise::on_error_kind::retry, .retries = 20}, [](rankwise::pool& pool) {
    const auto all = pool.map(std::views::iota(0, 1000), rankwise::fn<fails_twice>);
    for (int i = 0; i < 1000; ++i) REQUIRE(all[static_cast<std::size_t>(i)] == i);
    const auto error =
        failure_of([&] { pool.map(std::views::iota(700, 800), rankwise::fn<fails_at_777>); });
    REQUIRE(error.has_value());
    CHECK(error->failures()[0].index == 77);
  });
}

TEST_CASE("a config_error of a task is known as one") {
  on_pool({}, [](rankwise::pool& pool) {
    const auto error = failure_of([&] {
      pool.for_each(std::views::iota(0, 10), [](int i) {
        if (i == 9) throw rankwise::config_error("--out: not there");
      });
    });
    REQUIRE(error.has_value());
    CHECK(error->is_configuration());
  });
}

TEST_CASE("what the body throws reaches all callers") {
  const boost::mpi::communicator world;
  bool is_as_thrown = false;
  std::string elsewhere;
  try {
    on_pool({}, [](rankwise::pool& pool) {
      pool.for_each(std::views::iota(0, 10), [](int) {});
      throw std::logic_error("enough");
    });
  } catch (const std::logic_error&) {
    is_as_thrown = true;
  } catch (const rankwise::root_failed& error) {
    elsewhere = error.what();
  }
  CHECK(is_as_thrown == (world.rank() == 0));
  CHECK(elsewhere.ends_with("enough") == (world.rank() != 0));
}

TEST_CASE("a pool call from inside a task is refused by name") {
  static const rankwise::pool* outer = nullptr;
  on_pool({}, [](rankwise::pool& pool) {
    outer = &pool;
    rankwise::options alone = pool.options();
    alone.max_ranks = 1;
    const auto error = failure_of([&] {
      pool.with(alone).for_each(std::views::iota(0, 3),
                                [](int) { outer->for_each(std::views::iota(0, 3), [](int) {}); });
    });
    REQUIRE(error.has_value());
    CHECK(error->failures()[0].text.find("pool::for_each was called from inside a task") == 0);
  });
}

TEST_CASE("each task is told once whether its result counts, before the call returns") {
  on_pool({}, [](rankwise::pool& pool) {
    static int n_accepted = 0;
    static int n_rejected = 0;
    const auto count = [](rankwise::task_context& context, int i) {
      context.when_settled([](bool accepted) { ++(accepted ? n_accepted : n_rejected); });
      if (i == 500) throw std::runtime_error("bad");
      return i;
    };
    // Each rank's count comes home with a call of one item a rank, under the static schedule.
    rankwise::options one_each = pool.options();
    one_each.schedule = rankwise::schedule_kind::static_blocks;
    const auto told = [&](bool accepted) {
      const auto counts =
          pool.with(one_each).map(std::vector<bool>(pool.n_ranks(), accepted),
                                  [](bool which) { return which ? n_accepted : n_rejected; });
      int sum = 0;
      for (const int one : counts) sum += one;
      return sum;
    };
    pool.with(one_each).map(std::views::iota(0U, pool.n_ranks()),
                            [](unsigned) { return n_accepted = n_rejected = 0; });
    pool.map(std::views::iota(0, 400), count);
    CHECK(told(true) == 400);
    CHECK(told(false) == 0);
    const auto error = failure_of([&] { pool.map(std::views::iota(0, 1000), count); });
    CHECK(error.has_value());
    CHECK(told(true) + told(false) <= 1400);
    CHECK(told(true) >= 400);
    CHECK(told(false) >= 1);
  });
}

TEST_CASE("of an item that two ranks run, the result is that of the task that is told so") {
  on_pool({.schedule = rankwise::schedule_kind::self, .speculate = true}, [](rankwise::pool& pool) {
    counted_here.clear();
    const std::vector<int> ranks =
        pool.map(std::views::iota(0, 6), [](rankwise::task_context& context, int i) {
          context.when_settled([i](bool accepted) {
            if (accepted) counted_here.insert(i);
          });
          // The others are done by then, and run what the root runs.
          if (context.rank() == rankwise::root_rank)
            std::this_thread::sleep_for(std::chrono::milliseconds(200));
          return static_cast<int>(context.rank());
        });
    for (int i = 0; i < 6; ++i)
      CHECK((ranks[static_cast<std::size_t>(i)] == 0) == counted_here.contains(i));
  });
}

TEST_CASE("a result that can't be settled fails its task") {
  on_pool({.on_error = rankwise::on_error_kind::collect}, [](rankwise::pool& pool) {
    const auto error = failure_of([&] {
      pool.for_each(std::views::iota(0, 50), [](rankwise::task_context& context, int i) {
        context.when_settled([i](bool accepted) {
          if (accepted && i % 10 == 0) throw std::runtime_error("disk full");
        });
      });
    });
    REQUIRE(error.has_value());
    CHECK(error->failures().size() == 5);
    CHECK(error->failures()[4].index == 40);
    CHECK(error->failures()[4].text == "disk full");
  });
}

TEST_CASE("after a call that was cancelled no task is told that it is") {
  on_pool({}, [](rankwise::pool& pool) {
    for (int round = 0; round < 20; ++round) {
      const auto error =
          failure_of([&] { pool.map(std::views::iota(0, 1000), rankwise::fn<fails_at_777>); });
      REQUIRE(error.has_value());
      const auto told = pool.map(
          std::views::iota(0, 200),
          [](rankwise::task_context& context, int) { return context.cancelled() ? 1 : 0; });
      for (const int one : told) REQUIRE(one == 0);
    }
  });
}

TEST_CASE("handlers of results that are not wanted are called too") {
  static int n_open = 0;
  n_open = 0;
  on_pool({}, [](rankwise::pool& pool) {
    const auto error = failure_of([&] {
      pool.for_each(std::views::iota(0, 100), [](rankwise::task_context& context, int i) {
        ++n_open;
        context.when_settled([](bool) { --n_open; });
        if (i == 50) throw 42;
      });
    });
    REQUIRE(error.has_value());
    CHECK(error->failures()[0].text == "an exception that is not a std::exception");
  });
  // On every rank, once the job is over.
  CHECK(n_open == 0);
}

TEST_CASE("when_settled is refused where results can't be told apart") {
  on_pool({}, [](rankwise::pool& pool) {
    const auto error = failure_of([&] {
      pool.reduce(
          std::views::iota(0, 10),
          0,
          [](int a, int b) { return a + b; },
          [](rankwise::task_context& context, int i) {
            context.when_settled([](bool) {});
            return i;
          });
    });
    REQUIRE(error.has_value());
    CHECK(error->failures()[0].text.find(
              "task_context::when_settled was called in a pool::reduce") == 0);
  });
}

TEST_CASE("try_map hands out what succeeded, and each failure, whatever --on-error says") {
  for (const auto on_error : {rankwise::on_error_kind::stop,
                              rankwise::on_error_kind::collect,
                              rankwise::on_error_kind::retry}) {
    for (const bool speculate : {false, true}) {
      on_pool({.on_error = on_error, .retries = 1, .speculate = speculate},
              [](rankwise::pool& pool) {
                const auto tried = pool.try_map(std::views::iota(0, 1000), [](int i) {
                  if (i % 100 == 7) throw std::runtime_error("no luck with " + std::to_string(i));
                  return std::to_string(i);
                });
                REQUIRE(tried.size() == 1000);
                for (std::size_t i = 0; i < tried.size(); ++i) {
                  REQUIRE(tried[i].has_value() == (i % 100 != 7));
                  if (tried[i]) {
                    REQUIRE(tried[i].value() == std::to_string(i));
                  } else {
                    CHECK(tried[i].failure().index == i);
                    CHECK(tried[i].failure().text == "no luck with " + std::to_string(i));
                    CHECK_THROWS_AS(tried[i].value(), rankwise::task_error);
                  }
                }
                // Results of every kind of cell, and no failure; the pool goes on.
                const auto odd = pool.try_map({1, 2, 3}, [](int i) { return i % 2 == 1; });
                CHECK((odd[0].value() && !odd[1].value() && odd[2].value()));
                struct no_default {
                  explicit no_default(int start) : value(start) {}

                  int value;
                };
                const auto made = pool.try_map({1, 2}, [](int i) {
                  if (i == 1) throw std::runtime_error("one");
                  return no_default(i);
                });
                CHECK(!made[0]);
                CHECK(made[1].value().value == 2);
                CHECK(pool.try_map(std::vector<int>{}, [](int i) { return i; }).empty());
              });
    }
  }
}

TEST_CASE("try_map tries again where that is asked for") {
  on_pool({.on_error = rankwise::on_error_kind::retry, .retries = 20}, [](rankwise::pool& pool) {
    const auto tried = pool.try_map(std::views::iota(0, 100), [](int i) {
      static std::set<int> failed_here;
      if (i % 10 == 0 && failed_here.insert(i).second) throw std::runtime_error("not yet");
      return i;
    });
    for (int i = 0; i < 100; ++i) REQUIRE(tried[static_cast<std::size_t>(i)].value() == i);
  });
}

namespace {

/// Ends its process in one way or another.
int end_at(int i) {
  if (i == 3) std::exit(0);
  if (i == 4) std::exit(5);
  if (i == 5) std::raise(SIGKILL);
  if (i == 6) throw std::runtime_error("no luck with 6");
  if (i == 7) throw rankwise::config_error("7 is not accepted");
  if (i == 8) ::_exit(0);
  return 2 * i;
}

}  // namespace

TEST_CASE("isolated: a task that ends its process fails alone") {
  on_pool({.isolate = true}, [](rankwise::pool& pool) {
    const auto tried = pool.try_map(std::views::iota(0, 40), rankwise::fn<end_at>);
    const std::map<std::size_t, std::string> texts{
        {3, "its process ended with status 0, without a result"},
        {4, "its process ended with status 5, without a result"},
        {5, "its process was ended by SIGKILL"},
        {6, "no luck with 6"},
        {7, "7 is not accepted"},
        {8, "its process ended with status 0, without a result"}};
    for (std::size_t i = 0; i < tried.size(); ++i) {
      CAPTURE(i);
      const auto text = texts.find(i);
      REQUIRE(tried[i].has_value() == (text == texts.end()));
      if (tried[i]) {
        REQUIRE(tried[i].value() == static_cast<int>(2 * i));
      } else {
        CHECK(tried[i].failure().text == text->second);
      }
    }
    const auto error = failure_of([&] { pool.map({1, 7}, rankwise::fn<end_at>); });
    REQUIRE(error.has_value());
    CHECK(error->failures()[0].is_configuration);
    CHECK(pool.map({1, 2}, rankwise::fn<end_at>) == std::vector{2, 4});
  });
}

TEST_CASE("isolated: a task that ended its process is tried again") {
  const rankwise::test::temporary_directory directory;
  on_pool({.on_error = rankwise::on_error_kind::retry, .retries = 1, .isolate = true},
          [&](rankwise::pool& pool) {
            const std::string base = directory.path();
            std::vector<std::pair<int, std::string>> inputs;
            for (int i = 0; i < 20; ++i) inputs.emplace_back(i, base + "/" + std::to_string(i));
            const auto results = pool.map(inputs, [](int i, const std::string& path) {
              if (std::filesystem::create_directory(path)) std::abort();
              return i;
            });
            for (int i = 0; i < 20; ++i) REQUIRE(results[static_cast<std::size_t>(i)] == i);
          });
}

TEST_CASE("isolated: results are those of the same call without, and the rank is not touched") {
  on_pool({.seed = 5}, [](rankwise::pool& pool) {
    rankwise::options how = pool.options();
    how.isolate = true;
    const rankwise::pool isolated = pool.with(how);
    const auto draw = [](rankwise::task_context& context, int i) {
      return std::to_string(i) + ":" + std::to_string(context.random()());
    };
    const std::vector<std::string> drawn = isolated.map(std::views::iota(0, 20), draw);
    CHECK(std::set(drawn.begin(), drawn.end()).size() == drawn.size());
    for (std::size_t i = 0; i < drawn.size(); ++i)
      CHECK(drawn[i].starts_with(std::to_string(i) + ":"));
    const auto third = [](int i) { return i / 3.0; };
    CHECK(isolated.reduce(std::views::iota(0, 50), 0.0, std::plus<>{}, third) ==
          pool.reduce(std::views::iota(0, 50), 0.0, std::plus<>{}, third));
    const auto is_odd = [](int i) { return i % 2 == 1; };
    CHECK(isolated.map({1, 2, 3}, is_odd) == std::vector<bool>{true, false, true});
    const auto large = isolated.map({1, 2}, [](int i) { return std::vector<int>(3'000'000, i); });
    CHECK(large[1] == std::vector<int>(3'000'000, 2));
    isolated.for_each(std::views::iota(0, 20), [](int) { counted_here.insert(-1); });
    const auto n_runs = [](int) {
      counted_here.insert(-2);
      return counted_here.count(-1) + counted_here.count(-2);
    };
    CHECK(isolated.map(std::views::iota(0, 20), n_runs) == std::vector<std::size_t>(20, 1));
  });
}

TEST_CASE("isolated: nothing can be settled in a process that is over by then") {
  on_pool({.isolate = true}, [](rankwise::pool& pool) {
    const auto tried = pool.try_map({1}, [](rankwise::task_context& context, int i) {
      context.when_settled([](bool) {});
      return i;
    });
    CHECK(tried[0].failure().text ==
          "task_context::when_settled was called in a task that is isolated: its process ends "
          "before that");
  });
}

TEST_CASE("isolated: a task that nobody waits for is killed, and one that takes too long") {
  using namespace std::chrono_literals;
  const auto begun = std::chrono::steady_clock::now();
  on_pool({.schedule = rankwise::schedule_kind::self, .isolate = true}, [](rankwise::pool& pool) {
    const auto error = failure_of([&] {
      pool.for_each(std::views::iota(0, 8), [](int i) {
        if (i == 0) throw std::runtime_error("stop");
        std::this_thread::sleep_for(600s);
      });
    });
    REQUIRE(error.has_value());
    CHECK(error->failures()[0].text == "stop");
  });
  on_pool({.task_limit_s = 0.25, .isolate = true}, [](rankwise::pool& pool) {
    const auto tried = pool.try_map(std::views::iota(0, 12), [](int i) {
      if (i % 6 == 1) std::this_thread::sleep_for(600s);
      return i;
    });
    CHECK(tried[1].failure().text == "it took longer than 0.25 s (--task-limit)");
    CHECK(!tried[7]);
    CHECK(tried[11].value() == 11);
  });
  CHECK(std::chrono::steady_clock::now() - begun < 300s);
}

TEST_CASE("isolated: refused where tasks leave something on their rank") {
  on_pool({.isolate = true}, [](rankwise::pool& pool) {
    REQUIRE_THROWS_WITH(pool.on_each_rank([](std::uint32_t) { return 1; }),
                        "--isolate: found pool::on_each_rank, accepted: map, for_each and reduce, "
                        "whose tasks leave nothing on their rank");
  });
}
