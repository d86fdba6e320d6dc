// SPDX-License-Identifier: MIT
// pool.expand against plain recursion.
#include <rankwise/expansion.hpp>
#include <rankwise/expansion/checkpoint_clock.hpp>
#include <rankwise/expansion/work_stack.hpp>
#include <rankwise/future.hpp>
#include <rankwise/rankwise.hpp>
#include <rankwise/shared.hpp>

#include "catch.hpp"
#include "on_pool.hpp"

#include <boost/mpi/communicator.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <iterator>
#include <ranges>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using Catch::Matchers::Contains;
using rankwise::expansion;

namespace {

/// A node of a tree that is made up by chance.
struct node {
  std::uint64_t name = 0;
  std::uint32_t depth = 0;
};

std::vector<node> children_of(const node& parent) {
  rankwise::random_stream chance(parent.name, parent.depth);
  std::vector<node> all;
  const std::uint32_t n = parent.depth > 12 ? 0 : chance() % 5;
  for (std::uint32_t i = 0; i < n; ++i)
    all.push_back({std::uint64_t{chance()} << 32U | chance(), parent.depth + 1});
  return all;
}

struct tally {
  std::uint64_t n = 0;
  std::uint64_t names = 0;
  std::uint32_t depth = 0;

  bool operator==(const tally&) const = default;
};

tally add(const tally& left, const tally& right) {
  return {left.n + right.n, left.names + right.names, std::max(left.depth, right.depth)};
}

tally visit(const node& parent, expansion<node>& more) {
  for (const node& child : children_of(parent)) more.push(child);
  return {1, parent.name, parent.depth};
}

tally walk(const node& parent) {
  tally all{1, parent.name, parent.depth};
  for (const node& child : children_of(parent)) all = add(all, walk(child));
  return all;
}

std::vector<node> roots(std::uint64_t n) {
  std::vector<node> all;
  for (std::uint64_t i = 0; i < n; ++i) all.push_back({1000 + i, 0});
  return all;
}

tally walk_all(const std::vector<node>& from) {
  tally all;
  for (const node& root : from) all = add(all, walk(root));
  return all;
}

/// All words over two letters.
std::vector<std::string> spell(const std::string& word, expansion<std::string>& more) {
  if (word.size() < 9) {
    more.push(word + "a");
    more.push(word + "b");
  }
  return {word};
}

std::vector<std::string> join(std::vector<std::string> left, std::vector<std::string> right) {
  left.insert(
      left.end(), std::make_move_iterator(right.begin()), std::make_move_iterator(right.end()));
  return left;
}

std::uint64_t count_down(const std::uint64_t& n, expansion<std::uint64_t>& more) {
  if (n != 0) more.push(n - 1);
  return 1;
}

/// A tree of numbers whose tasks take a while; says which ranks have run any.
std::uint64_t rank_bit(rankwise::task_context& context,
                       const std::uint64_t& item,
                       expansion<std::uint64_t>& more) {
  std::this_thread::sleep_for(std::chrono::milliseconds(2));
  for (const std::uint64_t child : {2 * item + 1, 2 * item + 2})
    if (child < 400) more.push(child);
  return std::uint64_t{1} << rankwise::to_index(context.rank());
}

std::atomic<int> n_throws_left{0};

std::uint64_t throws_at_100(const std::uint64_t& item, expansion<std::uint64_t>& more) {
  if (item == 100 && n_throws_left.fetch_sub(1) > 0) throw std::runtime_error("a hundred");
  for (const std::uint64_t child : {2 * item + 1, 2 * item + 2})
    if (child < 2000) more.push(child);
  return item;
}

std::string refusal_of(const rankwise::options& how) {
  std::string text;
  on_pool(how, [&](rankwise::pool& pool) {
    try {
      pool.expand({std::uint64_t{3}}, std::uint64_t{0}, std::plus<>{}, rankwise::fn<count_down>);
    } catch (const rankwise::config_error& error) {
      text = error.what();
    }
  });
  return text;
}

bool is_root() {
  return boost::mpi::communicator().rank() == 0;
}

}  // namespace

TEST_CASE("half of a stack is every other item, from the oldest on") {
  rankwise::engine::work_stack<int> stack({1, 2, 3, 4, 5});
  stack.more().push(6);
  CHECK(stack.take_half() == std::vector<int>{1, 3, 5});
  CHECK(stack.items() == std::vector<int>{2, 4, 6});
  CHECK(stack.take() == 6);
  CHECK(stack.take_half() == std::vector<int>{2});
  CHECK(stack.take() == 4);
  CHECK(stack.empty());
}

TEST_CASE("checkpoints come at their time, and take a hundredth of it at most") {
  using std::chrono::milliseconds;
  rankwise::engine::checkpoint_clock clock(milliseconds(1000), milliseconds(500));
  CHECK_FALSE(clock.is_due(milliseconds(1499)));
  CHECK(clock.is_due(milliseconds(1500)));
  clock.on_handed_in(milliseconds(1500), milliseconds(1), 100);
  CHECK_FALSE(clock.is_due(milliseconds(2499)));
  CHECK(clock.is_due(milliseconds(2500)));
  clock.on_handed_in(milliseconds(2500), milliseconds(30), 100);  // it has taken long
  CHECK_FALSE(clock.is_due(milliseconds(2500 + 99 * 30 - 1)));
  CHECK(clock.is_due(milliseconds(2500 + 99 * 30)));
  clock.on_handed_in(milliseconds(6000), milliseconds(1), 5'000'000);  // it was large
  CHECK_FALSE(clock.is_due(milliseconds(10999)));
  CHECK(clock.is_due(milliseconds(11000)));
  const rankwise::engine::checkpoint_clock none({}, {});
  CHECK_FALSE(none.is_due(milliseconds(100000)));
}

TEST_CASE("a tree is expanded as plain recursion does, from any number of roots") {
  for (const std::uint64_t n : {0U, 1U, 2U, 7U, 100U}) {
    const std::vector<node> from = roots(n);
    const tally expected = walk_all(from);
    on_pool([&](rankwise::pool& pool) {
      CHECK(pool.expand(from, tally{}, rankwise::fn<add>, rankwise::fn<visit>) == expected);
    });
  }
}

TEST_CASE("items and values of any type that can be sent") {
  on_pool([](rankwise::pool& pool) {
    std::vector<std::string> words = pool.expand({std::string()},
                                                 std::vector<std::string>{"first"},
                                                 rankwise::fn<join>,
                                                 rankwise::fn<spell>);
    CHECK(words.size() == 1024);
    std::sort(words.begin(), words.end());
    CHECK(std::adjacent_find(words.begin(), words.end()) == words.end());
    CHECK(words[1] == "a");
    CHECK(pool.expand(std::views::iota(0, 3),
                      0.5,
                      std::plus<double>{},
                      [](const int& item, expansion<int>& more) {
                        if (item < 100) more.push(item + 10);
                        return item;
                      }) == 0.5 + 10 * 165 + 33);
  });
}

TEST_CASE("a chain of a million items takes no stack") {
  on_pool([](rankwise::pool& pool) {
    CHECK(pool.expand({std::uint64_t{1'000'000}},
                      std::uint64_t{0},
                      std::plus<>{},
                      rankwise::fn<count_down>) == 1'000'001);
  });
}

TEST_CASE("all ranks are given some of one root's tree") {
  on_pool([](rankwise::pool& pool) {
    CHECK(pool.expand(
              {std::uint64_t{0}}, std::uint64_t{0}, std::bit_or<>{}, rankwise::fn<rank_bit>) ==
          (std::uint64_t{1} << pool.n_ranks()) - 1);
  });
}

TEST_CASE("a task that throws ends the call, or its bundle is expanded anew") {
  for (const auto on_error : {rankwise::on_error_kind::stop, rankwise::on_error_kind::retry}) {
    rankwise::options how;
    how.on_error = on_error;
    how.retries = 20;
    n_throws_left = 1;  // on each rank
    on_pool(how, [&](rankwise::pool& pool) {
      const auto call = [&] {
        return pool.expand(
            {std::uint64_t{0}}, std::uint64_t{0}, std::plus<>{}, rankwise::fn<throws_at_100>);
      };
      if (on_error == rankwise::on_error_kind::retry) {
        CHECK(call() == 1999 * 2000 / 2);
      } else {
        CHECK_THROWS_WITH(call(), Contains("a hundred"));
      }
      // The next call is not touched by it.
      CHECK(pool.expand(roots(3), tally{}, rankwise::fn<add>, rankwise::fn<visit>) ==
            walk_all(roots(3)));
    });
  }
}

TEST_CASE("expand under every option of a call") {
  std::vector<rankwise::options> all(8);
  all[0].speculate = true;
  all[1].schedule = rankwise::schedule_kind::static_blocks;
  all[2].chunk = 7;
  all[3].root_works = false;
  all[4].max_ranks = 1;
  all[5].priority = 2;
  all[6].max_ranks = 2;
  all[7].root_works = false;
  all[7].max_ranks = 2;
  const tally expected = walk_all(roots(20));
  for (const rankwise::options& how : all) {
    on_pool(how, [&](rankwise::pool& pool) {
      CHECK(pool.expand(roots(20), tally{}, rankwise::fn<add>, rankwise::fn<visit>) == expected);
    });
  }
}

TEST_CASE("what expand can't follow is refused") {
  rankwise::options isolated;
  isolated.isolate = true;
  rankwise::options collecting;
  collecting.on_error = rankwise::on_error_kind::collect;
  const std::string of_isolated = refusal_of(isolated);
  const std::string of_collecting = refusal_of(collecting);
  if (!is_root()) return;
  CHECK_THAT(of_isolated, Contains("--isolate: found pool::expand"));
  CHECK_THAT(of_collecting, Contains("--on-error collect: found pool::expand"));
}

TEST_CASE("a task of expand has no place in the inputs, and settles nothing") {
  on_pool([](rankwise::pool& pool) {
    const auto texts = [&](auto task) {
      return pool.expand({0}, std::string(), std::plus<>{}, task);
    };
    CHECK_THAT(texts([](rankwise::task_context& context, const int&, expansion<int>&) {
                 try {
                   return std::to_string(context.index());
                 } catch (const std::logic_error& error) {
                   return std::string(error.what());
                 }
               }),
               Contains("task_context::index was called in a pool::expand"));
    CHECK_THAT(texts([](rankwise::task_context& context, const int&, expansion<int>&) {
                 try {
                   return std::to_string(context.random()());
                 } catch (const std::logic_error& error) {
                   return std::string(error.what());
                 }
               }),
               Contains("task_context::random was called in a pool::expand"));
    CHECK_THAT(texts([](rankwise::task_context& context, const int&, expansion<int>&) {
                 try {
                   context.when_settled([](bool) {});
                 } catch (const std::logic_error& error) {
                   return std::string(error.what());
                 }
                 return std::string();
               }),
               Contains("when_settled was called in a pool::expand"));
  });
}

TEST_CASE("tasks take values along, shared ones too") {
  on_pool([](rankwise::pool& pool) {
    const std::vector<std::uint64_t> weights{3, 5, 7};
    const auto table = pool.share(weights);
    const auto task = [](const std::uint64_t& item,
                         expansion<std::uint64_t>& more,
                         std::uint64_t n_items,
                         std::span<const std::uint64_t> weight_of) {
      for (const std::uint64_t child : {2 * item + 1, 2 * item + 2})
        if (child < n_items) more.push(child);
      return weight_of[item % 3];
    };
    CHECK(pool.expand({std::uint64_t{0}},
                      std::uint64_t{0},
                      std::plus<>{},
                      rankwise::with(std::uint64_t{3000}, table)(task)) == 15'000);
  });
}

TEST_CASE("a tree is expanded while something submitted is under way") {
  const tally expected = walk_all(roots(50));
  on_pool([&](rankwise::pool& pool) {
    std::vector<rankwise::future<std::uint64_t>> futures;
    for (std::uint64_t i = 0; i < 2000; ++i)
      futures.push_back(pool.submit([](const std::uint64_t& value) { return 2 * value; }, i));
    CHECK(pool.expand(roots(50), tally{}, rankwise::fn<add>, rankwise::fn<visit>) == expected);
    for (std::uint64_t i = 0; i < 2000; ++i) CHECK(futures[i].get() == 2 * i);
  });
}
