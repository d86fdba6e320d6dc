// SPDX-License-Identifier: MIT
// Futures as arguments of pool.submit.
#include <rankwise/collective.hpp>
#include <rankwise/future.hpp>
#include <rankwise/rankwise.hpp>

#include "catch.hpp"
#include "on_pool.hpp"

#include <boost/mpi/communicator.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using Catch::Matchers::Contains;

namespace {

std::uint64_t twice(std::uint64_t value) {
  return 2 * value;
}

std::string numbered(rankwise::task_context& context, const std::string& text, int number) {
  return text + std::to_string(number) + "#" + std::to_string(context.index());
}

int waits(int milliseconds) {
  std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
  return milliseconds;
}

/// What ends the job, for `body`.
template <class Body>
std::string end_of(Body body) {
  try {
    on_pool(body);
  } catch (const std::exception& error) {
    return error.what();
  }
  return {};
}

std::uint64_t add(std::uint64_t left, std::uint64_t right) {
  return left + right;
}

std::uint64_t adds_or_fails(std::uint64_t left, std::uint64_t right) {
  if (right == 13) throw std::runtime_error("thirteen is no luck");
  return left + right;
}

std::string in_brackets(const std::string& text, const std::string& more) {
  return "(" + text + more + ")";
}

std::uint64_t of_many(std::uint64_t a, std::uint64_t b, std::uint64_t c, std::uint64_t d) {
  return a + 3 * b + 5 * c + 7 * d;
}

/// What asking for `one` says; empty if it has a value.
template <class Result>
std::string refusal_of(rankwise::future<Result>& one) {
  try {
    static_cast<void>(one.get());
    return {};
  } catch (const rankwise::task_error& error) {
    return error.failures().size() == 1 ? "item " + std::to_string(error.failures().front().index) +
                                              ": " + error.failures().front().text
                                        : "several";
  } catch (const rankwise::task_cancelled&) {
    return "cancelled";
  }
}

}  // namespace

TEST_CASE("a future is an argument of another task, as often as it is wanted") {
  on_pool([](rankwise::pool& pool) {
    auto first = pool.submit(rankwise::fn<twice>, std::uint64_t{4});
    auto second = pool.submit(rankwise::fn<add>, first, std::uint64_t{1});
    auto third = pool.submit(rankwise::fn<add>, first, second);
    auto both = pool.submit(rankwise::fn<add>, first, first);
    CHECK(first.get() == 8);
    CHECK_FALSE(first.valid());
    CHECK(third.get() == 17);
    CHECK(both.get() == 16);
    auto last = pool.submit(rankwise::fn<add>, std::move(second), std::uint64_t{1});
    CHECK_FALSE(second.valid());
    CHECK(last.get() == 10);
    auto text = pool.submit(rankwise::fn<numbered>, std::string(100, 'x'), 7);
    auto longer = pool.submit(rankwise::fn<in_brackets>, text, "!");
    const auto longest = pool.submit(rankwise::fn<in_brackets>, longer, std::move(text)).get();
    CHECK(longest == "((" + std::string(100, 'x') + "7#0!)" + std::string(100, 'x') + "7#0)");
    CHECK(longer.get().size() == 106);
  });
}

TEST_CASE("a future that is used before its last consumer takes it keeps its value for all") {
  on_pool([](rankwise::pool& pool) {
    for (int round = 0; round < 50; ++round) {
      auto slow = pool.submit(rankwise::fn<twice>, std::uint64_t{1});
      auto value = pool.submit(rankwise::fn<numbered>, std::string(40, 'a'), round);
      const auto expected = value.get();
      value = pool.submit(rankwise::fn<in_brackets>, expected, "");
      auto one = pool.submit(rankwise::fn<in_brackets>, value, "1");
      auto two = pool.submit(rankwise::fn<in_brackets>, std::move(value), "2");
      CHECK(two.get() == "((" + expected + ")2)");
      CHECK(one.get() == "((" + expected + ")1)");
      CHECK(slow.get() == 2);
    }
  });
}

TEST_CASE("a graph of some thousand futures gives what the serial program does") {
  for (const std::uint32_t seed : {1U, 2U}) {
    on_pool([seed](rankwise::pool& pool) {
      rankwise::random_stream random(seed, 0);
      std::vector<std::uint64_t> expected;
      std::vector<rankwise::future<std::uint64_t>> futures;
      for (std::uint64_t i = 0; i < 3000; ++i) {
        const auto any = [&] { return random() % futures.size(); };
        if (i < 4 || random() % 8 == 0) {
          expected.push_back(2 * i);
          futures.push_back(pool.submit(rankwise::fn<twice>, i));
        } else if (random() % 2 == 0) {
          const std::size_t left = any();
          expected.push_back(expected[left] + i);
          futures.push_back(pool.submit(rankwise::fn<add>, futures[left], i));
        } else {
          const std::array<std::size_t, 4> from{any(), any(), any(), any()};
          expected.push_back(
              of_many(expected[from[0]], expected[from[1]], expected[from[2]], expected[from[3]]));
          futures.push_back(pool.submit(rankwise::fn<of_many>,
                                        futures[from[0]],
                                        futures[from[1]],
                                        futures[from[2]],
                                        futures[from[3]]));
        }
      }
      for (std::size_t i = 0; i < futures.size(); ++i) CHECK(futures[i].get() == expected[i]);
    });
  }
}

TEST_CASE("the failure of a task is that of all that need its value, and is told once") {
  on_pool([](rankwise::pool& pool) {
    const std::uint64_t lucky = 1;
    auto fine = pool.submit(rankwise::fn<adds_or_fails>, lucky, lucky);
    auto wrong = pool.submit(rankwise::fn<adds_or_fails>, lucky, std::uint64_t{13});
    std::vector<rankwise::future<std::uint64_t>> chain;
    chain.push_back(pool.submit(rankwise::fn<add>, fine, wrong));
    for (int i = 0; i < 100'000; ++i)
      chain.push_back(pool.submit(rankwise::fn<add>, chain.back(), lucky));
    CHECK(refusal_of(chain.back()) == "item 1: thirteen is no luck");
    CHECK(refusal_of(chain[7]) == "item 1: thirteen is no luck");
    CHECK(fine.get() == 2);
  });
  const std::string end = end_of([](rankwise::pool& pool) {
    auto wrong = pool.submit(rankwise::fn<adds_or_fails>, std::uint64_t{1}, std::uint64_t{13});
    for (int i = 0; i < 10; ++i) pool.submit(rankwise::fn<add>, wrong, std::uint64_t{1});
  });
  if (boost::mpi::communicator().rank() == 0) CHECK_THAT(end, Contains("thirteen is no luck"));
  const std::size_t first = end.find("thirteen");
  CHECK((first == std::string::npos || end.find("thirteen", first + 1) == std::string::npos));
}

TEST_CASE("what needs the value of a cancelled task is cancelled, and so is a task that waits") {
  on_pool([](rankwise::pool& pool) {
    std::vector<rankwise::future<int>> busy;
    for (std::uint32_t i = 0; i < 2 * pool.n_ranks(); ++i)
      busy.push_back(pool.submit(rankwise::fn<waits>, 5));
    auto origin = pool.submit(rankwise::fn<twice>, std::uint64_t{1});
    std::vector<rankwise::future<std::uint64_t>> chain;
    chain.push_back(pool.submit(rankwise::fn<add>, origin, std::uint64_t{1}));
    for (int i = 0; i < 100'000; ++i)
      chain.push_back(pool.submit(rankwise::fn<add>, chain.back(), std::uint64_t{1}));
    const bool is_early = origin.cancel();
    CHECK(refusal_of(chain.back()) == (is_early ? "cancelled" : ""));
    CHECK(refusal_of(origin) == (is_early ? "cancelled" : ""));
    auto other = pool.submit(rankwise::fn<waits>, 5);
    auto waiting = pool.submit(rankwise::fn<waits>, other);
    auto after = pool.submit(rankwise::fn<waits>, waiting);
    CHECK(waiting.cancel());
    CHECK(after.ready());
    CHECK(refusal_of(after) == "cancelled");
    CHECK(refusal_of(waiting) == "cancelled");
    CHECK(other.get() == 5);
  });
}

TEST_CASE("futures of no task, and of another job, are no arguments") {
  rankwise::future<std::uint64_t> old;
  on_pool([&](rankwise::pool& pool) {
    old = pool.submit(rankwise::fn<twice>, std::uint64_t{1});
    rankwise::future<std::uint64_t> empty;
    CHECK_THROWS_WITH(pool.submit(rankwise::fn<twice>, empty), Contains("that is of no task"));
    auto taken = pool.submit(rankwise::fn<twice>, std::uint64_t{1});
    CHECK(taken.get() == 2);
    CHECK_THROWS_WITH(pool.submit(rankwise::fn<add>, old, std::move(taken)),
                      Contains("that is of no task"));
  });
  on_pool([&](rankwise::pool& pool) {
    CHECK_THROWS_WITH(pool.submit(rankwise::fn<twice>, old),
                      Contains("a future of another job as an argument, accepted: those of this"));
    CHECK(old.get() == 2);
  });
}
