// SPDX-License-Identifier: MIT
// Calls from several threads of the body at once.
#include <rankwise/journal/open_journal.hpp>

#include "call_kinds.hpp"
#include "catch.hpp"
#include "in_process_job.hpp"
#include "temporary_directory.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <ranges>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

using rankwise::options;
using rankwise::pool;
using rankwise::task_context;
using namespace rankwise::test;  // NOLINT: the test is all about it

/// What came of a call: "right", "wrong", or why it was refused.
std::string outcome_of(const std::function<bool()>& is_right) {
  try {
    return is_right() ? "right" : "wrong";
  } catch (const std::exception& error) {
    return error.what();
  }
}

/// The outcomes of all kinds of calls, each made on a thread of its own at the same time, in the
/// order of the kinds.
std::vector<std::string> outcomes_at_once(const pool& ranks) {
  std::vector<std::string> found(kinds().size());
  {
    std::vector<std::jthread> threads;
    for (std::size_t row = 0; row < kinds().size(); ++row) {
      threads.emplace_back([&ranks, &found, row] {
        const pool mine = ranks.named("call " + std::to_string(row));
        found[row] = outcome_of([&] { return kinds()[row].is_right(mine); });
      });
    }
  }
  return found;
}

std::vector<std::uint32_t> draw(const pool& ranks) {
  return ranks.map(std::views::iota(0, 5),
                   [](task_context& context, int /*item*/) { return context.random()(); });
}

}  // namespace

TEST_CASE("calls of all kinds can be made at once, each on a thread of its own") {
  in_process_job job(n_ranks);
  for (int round = 0; round < 3; ++round) {
    begin(incident::none, job);
    const std::vector<std::string> found = outcomes_at_once(job.pool());
    for (std::size_t row = 0; row < found.size(); ++row) {
      INFO(kinds()[row].name);
      CHECK(found[row] == "right");
    }
    CHECK(job.pool().map(inputs(), rankwise::fn<square>) == squares_of(n_items));
    if (round == 0) begin(incident::none, job);
  }
}

TEST_CASE("a task that throws is tried again, whichever thread has called") {
  in_process_job job(n_ranks);
  begin(incident::task_throws, job);
  const std::vector<std::string> found =
      outcomes_at_once(job.pool({.on_error = rankwise::on_error_kind::retry}));
  for (std::size_t row = 0; row < found.size(); ++row) {
    const kind& call = kinds()[row];
    INFO(call.name);
    if (call.name == "pool::map_reduce" || call.name == "pool::group_by") {
      CHECK(holds(found[row], "--on-error retry: " + call.name + " can't take back"));
    } else {
      CHECK(found[row] == "right");
    }
  }
}

TEST_CASE("each call under way goes on without a rank that dies, or says that it can't") {
  in_process_job job(n_ranks);
  begin(incident::rank_dies, job);
  const std::vector<std::string> found = outcomes_at_once(job.pool());
  for (std::size_t row = 0; row < found.size(); ++row) {
    const kind& call = kinds()[row];
    INFO(call.name);
    if (call.runs_anywhere) {
      CHECK(found[row] == "right");
    } else {
      CHECK((found[row] == "right" || holds(found[row], "rank 2 on here was lost ")));
    }
  }
}

TEST_CASE("a short call is not held up by a long one of another thread") {
  static std::atomic<bool> may_end{false};
  may_end = false;
  in_process_job job(n_ranks);
  options how;
  how.root_works = false;
  const pool ranks = job.pool(how);
  std::jthread other([ranks] {
    ranks.map(std::views::iota(0, 2), [](int item) {
      comes_true([] { return may_end.load(); });
      return item;
    });
  });
  how.priority = 1;
  // The ranks are in long tasks by now, or will be; the root alone is free.
  how.root_works = true;
  how.max_ranks = 1;
  for (int i = 0; i < 20; ++i)
    CHECK(job.pool(how).map({1, 2}, [](int item) { return 2 * item; }) == std::vector<int>{2, 4});
  CHECK_FALSE(may_end);
  may_end = true;
}

TEST_CASE("what is submitted on many threads comes back to each") {
  in_process_job job(n_ranks);
  const pool ranks = job.pool();
  std::atomic<int> n_wrong{0};
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 4; ++thread) {
      threads.emplace_back([&, thread] {
        std::vector<rankwise::future<int>> futures;
        const auto twice = [](int value) {
          if (value % 100 == 99) throw std::runtime_error("bad luck");
          return 2 * value;
        };
        for (int i = 0; i < 300; ++i) futures.push_back(ranks.submit(twice, 1000 * thread + i));
        for (int i = 0; i < 300; ++i) {
          const int value = 1000 * thread + i;
          try {
            if (futures[static_cast<std::size_t>(i)].get() != 2 * value) ++n_wrong;
            if (value % 100 == 99) ++n_wrong;
          } catch (const rankwise::task_error&) {
            if (value % 100 != 99) ++n_wrong;
          }
        }
      });
    }
  }
  CHECK(n_wrong == 0);
  job.root().finish_open_calls();
}

TEST_CASE("what runs is not disturbed by what another thread submits meanwhile") {
  in_process_job job(1);
  const pool ranks = job.pool();
  const auto submit = [&ranks] {
    std::vector<rankwise::future<std::uint64_t>> futures;
    for (std::uint64_t i = 0; i < 5'000; ++i)
      futures.push_back(ranks.submit([](std::uint64_t item) { return 3 * item; }, i));
    std::uint64_t n_wrong = 0;
    for (std::uint64_t i = 0; i < futures.size(); ++i) n_wrong += futures[i].get() == 3 * i ? 0 : 1;
    return n_wrong;
  };
  std::atomic<std::uint64_t> n_wrong{0};
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 3; ++i) threads.emplace_back([&] { n_wrong += submit(); });
  }
  CHECK(n_wrong == 0);
}

TEST_CASE("a short call does not wait for another thread's stream, nor that for a share") {
  in_process_job job(n_ranks);
  const pool ranks = job.pool();
  std::atomic<bool> may_end{false};
  std::atomic<std::uint64_t> n_given{0};
  {
    const std::jthread other([&] {
      ranks.stream(
          std::views::iota(std::uint64_t{0}),
          [](std::uint64_t item) { return item; },
          [&](std::uint64_t /*value*/) {
            ++n_given;
            std::this_thread::sleep_for(std::chrono::microseconds(200));
            return !may_end;
          });
    });
    CHECK(comes_true([&] { return n_given > 0; }));
    for (int i = 0; i < 20; ++i)
      CHECK(ranks.map({1, 2}, [](int item) { return 2 * item; }) == std::vector<int>{2, 4});
    const auto table = ranks.share(std::vector<int>{5});
    CHECK(ranks.map({1}, rankwise::with(table)([](int item, std::span<const int> all) {
                      return item + all[0];
                    })) == std::vector<int>{6});
    may_end = true;
  }
}

TEST_CASE("a task can't make calls, on whichever thread it runs") {
  static const pool* known = nullptr;
  in_process_job job(1);
  const pool ranks = job.pool();
  known = &ranks;
  std::string found;
  std::jthread([&] {
    found = outcome_of([&] {
      ranks.for_each({1}, [](int /*item*/) { known->map({1}, [](int item) { return item; }); });
      return true;
    });
  }).join();
  CHECK(holds(found, "pool::map was called from inside a task"));
}

TEST_CASE("a call that needs an order among others needs a name on another thread") {
  in_process_job job(n_ranks);
  const pool ranks = job.pool();
  const auto on_thread = [](const std::function<void()>& work) {
    std::string found;
    std::jthread([&] {
      found = outcome_of([&] {
        work();
        return true;
      });
    }).join();
    return found;
  };
  CHECK(holds(on_thread([&] { draw(ranks); }),
              "pool::map: found a call without a name on a thread that is not the body's own, "
              "whose tasks take a task_context"));
  CHECK(on_thread([&] { draw(ranks.named("a")); }) == "right");
  CHECK(on_thread([&] { ranks.map({1}, [](int item) { return item; }); }) == "right");
  draw(ranks.named("b"));
  CHECK(on_thread([&] { draw(ranks.named("b")); }) == "right");
  static std::atomic<bool> may_end{false};
  may_end = false;
  auto waiting = job.pool({.root_works = false, .name = "c"}).submit([] {
    comes_true([] { return may_end.load(); });
  });
  CHECK(holds(on_thread([&] { ranks.named("c").map({1}, [](int item) { return item; }); }),
              "found calls of two threads at once that are named \"c\""));
  CHECK(ranks.named("c").map({1}, [](int item) { return item; }) == std::vector<int>{1});
  may_end = true;
  waiting.get();
  CHECK(on_thread([&] { draw(ranks.named("c")); }) == "right");
}

TEST_CASE("random numbers of a call with a name do not depend on other calls") {
  const auto run = [](int n_before) {
    in_process_job job(n_ranks);
    const pool ranks = job.pool();
    for (int i = 0; i < n_before; ++i) draw(ranks);
    std::vector<std::vector<std::uint32_t>> all;
    all.push_back(draw(ranks.named("a")));
    all.push_back(draw(ranks.named("b")));
    all.push_back(draw(ranks.named("a")));
    return all;
  };
  const auto found = run(0);
  CHECK(run(3) == found);
  CHECK(std::set<std::vector<std::uint32_t>>(found.begin(), found.end()).size() == 3);
}

#ifdef RANKWISE_HAS_SQLITE
TEST_CASE("a journal knows calls of several threads by their names, in whatever order") {
  const temporary_directory here;
  options how;
  how.journal = here / "threads.db";
  static std::atomic<int> n_runs{0};
  for (const bool is_resumed : {false, true}) {
    how.resume = is_resumed;
    n_runs = 0;
    in_process_job job(n_ranks);
    const auto book =
        rankwise::observe::open_journal(how, std::vector<std::string>(n_ranks, "here"));
    job.root().keep(*book);
    const pool ranks = job.pool(how);
    std::vector<int> names{0, 1, 2, 3};
    if (is_resumed) std::ranges::reverse(names);
    std::atomic<int> n_wrong{0};
    {
      std::vector<std::jthread> threads;
      for (const int name : names) {
        threads.emplace_back([&, name] {
          const pool mine = ranks.named("n" + std::to_string(name));
          const auto found =
              mine.map(std::vector<int>(20, name), [](task_context& /*context*/, int item) {
                ++n_runs;
                return item;
              });
          if (found != std::vector<int>(20, name)) ++n_wrong;
        });
      }
    }
    CHECK(n_wrong == 0);
    CHECK(n_runs == (is_resumed ? 0 : 80));
    std::string refused;
    std::jthread([&] {
      refused = outcome_of([&] {
        ranks.map({1}, [](int item) { return item; });
        return true;
      });
    }).join();
    CHECK(holds(refused, "to be journaled; accepted: pool.named("));
    book->end("done");
  }
}
#endif
