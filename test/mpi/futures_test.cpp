// SPDX-License-Identifier: MIT
// pool.submit and its futures.
#include <rankwise/collective.hpp>
#include <rankwise/emitter.hpp>
#include <rankwise/future.hpp>
#include <rankwise/map_reduce.hpp>
#include <rankwise/pipeline.hpp>
#include <rankwise/rankwise.hpp>

#include "catch.hpp"
#include "on_pool.hpp"
#include "temporary_directory.hpp"

#include <boost/mpi/communicator.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <ranges>
#include <stdexcept>
#include <string>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using Catch::Matchers::Contains;

namespace {

std::uint64_t twice(std::uint64_t value) {
  return 2 * value;
}

std::string said_twice(rankwise::task_context& context, const std::string& text, int number) {
  return text + std::to_string(number) + "#" + std::to_string(context.index());
}

void does_nothing() {}

int fails_at_3(int value) {
  if (value == 3) throw std::runtime_error("three is too many");
  return value;
}

int waits(int milliseconds) {
  std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
  return milliseconds;
}

std::uint32_t draws(rankwise::task_context& context) {
  return context.random()();
}

/// What ends the job, for `body`.
template <class Body>
std::string end_of(Body body, const rankwise::options& how = {}) {
  try {
    on_pool(how, body);
  } catch (const std::exception& error) {
    return error.what();
  }
  return {};
}

}  // namespace

TEST_CASE("a future has what its task returned, whatever its types") {
  on_pool([](rankwise::pool& pool) {
    auto number = pool.submit(rankwise::fn<twice>, std::uint64_t{21});
    auto text = pool.submit(rankwise::fn<said_twice>, "item ", 7);
    auto nothing = pool.submit(rankwise::fn<does_nothing>);
    auto of_lambda = pool.submit([](double left, double right) { return left - right; }, 2.5, 1.0);
    CHECK(text.get() == "item 7#0");
    CHECK(number.get() == 42);
    CHECK_FALSE(number.valid());
    nothing.get();
    CHECK(of_lambda.get() == 1.5);
    CHECK_THROWS_AS(number.get(), std::logic_error);
    CHECK_THROWS_AS(rankwise::future<int>().ready(), std::logic_error);
  });
}

TEST_CASE("many futures, with other calls in between, have each their own result") {
  on_pool([](rankwise::pool& pool) {
    constexpr std::uint64_t n = 20'000;
    std::vector<rankwise::future<std::uint64_t>> futures;
    for (std::uint64_t i = 0; i < n; ++i) {
      futures.push_back(pool.submit(rankwise::fn<twice>, i));
      if (i % 5000 != 0) continue;
      const std::vector<int> squares =
          pool.map(std::views::iota(0, 500), [](int value) { return value * value; });
      CHECK(squares[499] == 499 * 499);
      CHECK(pool.reduce(std::views::iota(0, 500), 0, std::plus<>{}) == 124'750);
      CHECK(pool.on_each_rank([](std::uint32_t row) { return row; }).size() == pool.n_workers());
    }
    std::uint64_t n_wrong = 0;
    for (std::uint64_t i = 0; i < n; ++i) n_wrong += futures[i].get() == 2 * i ? 0 : 1;
    CHECK(n_wrong == 0);
  });
}

TEST_CASE("a failure comes home to its future alone, and may be tried again") {
  for (const auto on_error : {rankwise::on_error_kind::stop, rankwise::on_error_kind::retry}) {
    rankwise::options how;
    how.on_error = on_error;
    on_pool(how, [](rankwise::pool& pool) {
      std::vector<rankwise::future<int>> futures;
      for (int i = 0; i < 6; ++i) futures.push_back(pool.submit(rankwise::fn<fails_at_3>, i));
      for (int i = 0; i < 6; ++i) {
        if (i == 3) {
          CHECK_THROWS_WITH(futures[3].get(), Contains("task 3 failed") && Contains("too many"));
        } else {
          CHECK(futures[static_cast<std::size_t>(i)].get() == i);
        }
      }
    });
  }
}

TEST_CASE("a failure that nobody asked for ends the job") {
  const std::string text =
      end_of([](rankwise::pool& pool) { pool.submit(rankwise::fn<fails_at_3>, 3); });
  if (boost::mpi::communicator().rank() == 0) CHECK_THAT(text, Contains("three is too many"));
}

TEST_CASE("all that was submitted is done when the body has returned") {
  std::optional<rankwise::future<int>> kept;
  on_pool([&](rankwise::pool& pool) { kept = pool.submit(rankwise::fn<waits>, 30); });
  if (kept) {
    CHECK(kept->ready());
    CHECK(kept->get() == 30);
  }
}

TEST_CASE("what was submitted is cancelled if the body throws") {
  std::vector<rankwise::future<int>> kept;
  const std::string text = end_of([&](rankwise::pool& pool) {
    for (int i = 0; i < 2000; ++i) kept.push_back(pool.submit(rankwise::fn<waits>, 20));
    throw std::runtime_error("enough");
  });
  if (boost::mpi::communicator().rank() == 0) CHECK(text == "enough");
  if (!kept.empty()) CHECK_THROWS_AS(kept.back().get(), rankwise::task_cancelled);
}

TEST_CASE("a cancelled task gives no result, and others go on") {
  on_pool([](rankwise::pool& pool) {
    std::vector<rankwise::future<std::uint64_t>> futures;
    for (std::uint64_t i = 0; i < 1000; ++i) futures.push_back(pool.submit(rankwise::fn<twice>, i));
    std::vector<char> is_cancelled(futures.size());
    for (std::size_t i = 0; i < futures.size(); i += 3)
      is_cancelled[i] = futures[i].cancel() ? 1 : 0;
    for (std::size_t i = 0; i < futures.size(); ++i) {
      if (is_cancelled[i] != 0) {
        CHECK_THROWS_AS(futures[i].get(), rankwise::task_cancelled);
      } else {
        CHECK(futures[i].get() == 2 * i);
      }
    }
  });
}

TEST_CASE("futures come in the order in which their tasks end") {
  on_pool([](rankwise::pool& pool) {
    std::vector<rankwise::future<int>> futures;
    for (const int time : {5, 1, 4, 2, 3})
      futures.push_back(pool.submit(rankwise::fn<waits>, time));
    CHECK(rankwise::when_any(futures) < futures.size());
    std::vector<int> found;
    for (rankwise::future<int>& next : rankwise::as_completed(futures)) {
      CHECK(next.ready());
      found.push_back(next.get());
    }
    std::sort(found.begin(), found.end());
    CHECK(found == std::vector<int>{1, 2, 3, 4, 5});
    CHECK(rankwise::as_completed(futures).begin() == std::default_sentinel);
    CHECK_THROWS_AS(rankwise::when_any(futures), std::invalid_argument);
  });
}

TEST_CASE("waiting has an end") {
  on_pool([](rankwise::pool& pool) {
    auto slow = pool.submit(rankwise::fn<waits>, 200);
    if (pool.n_workers() > 1) slow.wait_for(1us);
    CHECK(slow.wait_for(1min));
    CHECK(slow.wait_for(0s));
    CHECK(slow.get() == 200);
  });
}

TEST_CASE("an urgent call does not wait for one with many tasks") {
  on_pool([](rankwise::pool& pool) {
    std::vector<rankwise::future<int>> futures;
    for (int i = 0; i < 1500; ++i) futures.push_back(pool.submit(rankwise::fn<waits>, 2));
    rankwise::options urgent = pool.options();
    urgent.priority = 1;
    const auto sum = pool.with(urgent).reduce(std::views::iota(0, 100), 0, std::plus<>{});
    CHECK(sum == 4950);
    const auto n_ready =
        std::count_if(futures.begin(), futures.end(), [](const auto& one) { return one.ready(); });
    CHECK(n_ready < 1500);
    for (rankwise::future<int>& one : futures) one.cancel();
  });
}

TEST_CASE("random numbers depend on the order of what was submitted, not on ranks") {
  std::vector<std::uint32_t> drawn;
  on_pool([&](rankwise::pool& pool) {
    std::vector<rankwise::future<std::uint32_t>> futures;
    for (int i = 0; i < 3; ++i) futures.push_back(pool.submit(rankwise::fn<draws>));
    for (auto& one : futures) drawn.push_back(one.get());
    const std::vector<std::uint32_t> mapped =
        pool.with(pool.options())
            .map(std::views::iota(0, 3),
                 [](rankwise::task_context& context, int) { return context.random()(); });
    CHECK(mapped != drawn);
  });
  if (drawn.empty()) return;
  rankwise::random_stream expected(0, 1, 0);
  CHECK(drawn[1] == expected());
}

TEST_CASE("submit is refused in a task, and where calls are journaled") {
  on_pool([](rankwise::pool& pool) {
    static rankwise::pool* outer = nullptr;
    outer = &pool;
    rankwise::options alone = pool.options();
    alone.max_ranks = 1;
    const auto texts = pool.with(alone).map(std::views::iota(0, 1), [](int) -> std::string {
      try {
        outer->submit(rankwise::fn<does_nothing>);
      } catch (const std::logic_error& error) {
        return error.what();
      }
      return {};
    });
    CHECK_THAT(texts.front(), Contains("pool::submit was called from inside a task"));
  });
}

TEST_CASE("a chunk of many quick tasks that want to be told comes to its end") {
  rankwise::options how;
  how.schedule = rankwise::schedule_kind::static_blocks;
  on_pool(how, [](rankwise::pool& pool) {
    const auto found =
        pool.map(std::views::iota(0, 1000), [](rankwise::task_context& context, int i) {
          context.when_settled([](bool) {});
          return i;
        });
    CHECK(found.back() == 999);
  });
}

TEST_CASE("other ranks begin with what was submitted while the body is busy") {
  on_pool([](rankwise::pool& pool) {
    if (pool.n_workers() < 2) return;
    for (int round = 0; round < 20; ++round) {
      pool.map(std::views::iota(0, 4), rankwise::fn<waits>);
      rankwise::options other = pool.options();
      other.seed = static_cast<std::uint64_t>(round);  // an open call of its own
      auto one = pool.with(other).submit(rankwise::fn<waits>, 0);
      const auto begun = std::chrono::steady_clock::now();
      while (!one.ready() && std::chrono::steady_clock::now() - begun < 30s)
        std::this_thread::sleep_for(100us);
      CHECK(one.ready());
    }
  });
}

TEST_CASE("a loop of wait_for comes to an end, also where the root works alone") {
  on_pool([](rankwise::pool& pool) {
    std::vector<rankwise::future<int>> futures;
    for (int i = 0; i < 5; ++i) futures.push_back(pool.submit(rankwise::fn<waits>, 1));
    for (rankwise::future<int>& one : futures) {
      while (!one.wait_for(0s)) {
      }
      CHECK(one.get() == 1);
    }
  });
}

TEST_CASE("map_reduce and pipelines go on while something submitted is under way") {
  on_pool([](rankwise::pool& pool) {
    std::vector<rankwise::future<int>> futures;
    for (int i = 0; i < 200; ++i) futures.push_back(pool.submit(rankwise::fn<waits>, 1));
    for (int round = 0; round < 3; ++round) {
      const auto sums = pool.map_reduce(
          std::views::iota(0, 100),
          [](int value, rankwise::emitter<int, int>& emit) { emit(value % 3, value); },
          std::plus<>{});
      CHECK(sums.gather().size() == 3);
      int n_come = 0;
      pool.pipeline(
          std::views::iota(0, 50), [](int value) { return value + 1; }, [&](int) { ++n_come; });
      CHECK(n_come == 50);
    }
    for (rankwise::future<int>& one : futures) one.cancel();
  });
}

TEST_CASE("a finished future waits for no task of a more urgent call") {
  on_pool([](rankwise::pool& pool) {
    rankwise::options urgent = pool.options();
    urgent.priority = 1;
    urgent.max_ranks = 1;
    rankwise::options one_rank = pool.options();
    one_rank.max_ranks = 1;
    std::vector<rankwise::future<int>> plain;
    for (int i = 0; i < 50; ++i)
      plain.push_back(pool.with(one_rank).submit(rankwise::fn<waits>, 1));
    std::vector<rankwise::future<int>> first;
    for (int i = 0; i < 3; ++i) first.push_back(pool.with(urgent).submit(rankwise::fn<waits>, 1));
    CHECK(first.back().get() == 1);
    for (rankwise::future<int>& one : plain) CHECK(one.get() == 1);
  });
}

TEST_CASE("futures under every option of a call, beside a call that has it too") {
  std::vector<rankwise::options> all(7);
  all[0].isolate = true;
  all[1].speculate = true;
  all[2].on_error = rankwise::on_error_kind::retry;
  all[3].schedule = rankwise::schedule_kind::static_blocks;
  all[4].chunk = 7;
  all[5].root_works = false;
  all[6].max_ranks = 1;
  for (const rankwise::options& how : all) {
    on_pool(how, [](rankwise::pool& pool) {
      std::vector<rankwise::future<int>> futures;
      for (int i = 0; i < 20; ++i) futures.push_back(pool.submit(rankwise::fn<fails_at_3>, i));
      CHECK(pool.map(std::views::iota(4, 24), rankwise::fn<fails_at_3>).back() == 23);
      int n_failed = 0;
      for (int i = 0; i < 20; ++i) {
        try {
          const int found = futures[static_cast<std::size_t>(i)].get();
          CHECK(found == i);
        } catch (const rankwise::task_error&) {
          CHECK(i == 3);
          ++n_failed;
        }
      }
      CHECK(n_failed == 1);
    });
  }
}

namespace {

/// Takes one of `n` licences of `folder`, for a moment; the task fails if all are taken.
void use_licence(const std::string& folder, int n) {
  for (int i = 0; i < n; ++i) {
    const std::string name = folder + "/" + std::to_string(i);
    if (::mkdir(name.c_str(), 0700) != 0) continue;
    std::this_thread::sleep_for(std::chrono::microseconds(200));
    ::rmdir(name.c_str());
    return;
  }
  throw std::runtime_error("more tasks run at once than may");
}

int licensed(int input, const std::string& folder, int n) {
  use_licence(folder, n);
  return 3 * input;
}

}  // namespace

TEST_CASE("at most so many ranks run tasks of a call at once, in all and on a host") {
  const rankwise::test::temporary_directory scratch;
  for (const int n : {1, 2}) {
    for (const bool on_host : {false, true}) {
      for (const auto schedule : {rankwise::schedule_kind::static_blocks,
                                  rankwise::schedule_kind::guided,
                                  rankwise::schedule_kind::adaptive}) {
        rankwise::options how{.schedule = schedule, .speculate = on_host};
        (on_host ? how.at_most_on_host : how.at_most) = static_cast<std::uint32_t>(n);
        how.root_works = n == 1;
        on_pool(how, [&](rankwise::pool& pool) {
          const auto task = rankwise::with(scratch.path().string(), n)(rankwise::fn<licensed>);
          const auto inputs = std::views::iota(0, 60);
          std::vector<int> expected;
          for (const int input : inputs) expected.push_back(3 * input);
          std::vector<rankwise::future<int>> futures;
          for (const int input : inputs)
            futures.push_back(
                pool.submit(rankwise::fn<licensed>, input, scratch.path().string(), n));
          for (const int input : inputs)
            CHECK(futures[static_cast<std::size_t>(input)].get() == 3 * input);
          CHECK(pool.map(inputs, task) == expected);
          pool.for_each(inputs, task);
          CHECK(pool.reduce(inputs, 1, std::plus<>(), task) == 1 + 3 * 60 * 59 / 2);
          for (const auto& outcome : pool.try_map(inputs, task)) CHECK(outcome.has_value());
          const auto found =
              pool.find_first(inputs,
                              rankwise::with(scratch.path().string(), n)(
                                  [](int input, const std::string& folder, int licences) {
                                    return licensed(input, folder, licences) == 90;
                                  }));
          CHECK(found == std::optional<std::uint64_t>(30));
        });
      }
    }
  }
}

TEST_CASE("what runs on all ranks at once is refused a bound, in words") {
  for (const bool on_host : {false, true}) {
    rankwise::options how;
    (on_host ? how.at_most_on_host : how.at_most) = 1;
    on_pool(how, [&](rankwise::pool& pool) {
      const std::string option = on_host ? "options::at_most_on_host" : "options::at_most";
      CHECK_THROWS_WITH(pool.on_each_rank([](std::uint32_t) { return 1; }),
                        Catch::Matchers::ContainsSubstring(
                            option + ": found pool::on_each_rank, which runs on "));
    });
  }
}
