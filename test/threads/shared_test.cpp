// SPDX-License-Identifier: MIT
// Shared values reach all ranks, whichever rank is lost on the way, and are let go of.
#include <rankwise/future.hpp>
#include <rankwise/shared.hpp>
#include <rankwise/shared_best.hpp>

#include "catch.hpp"
#include "frozen_rank.hpp"
#include "in_process_job.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <climits>
#include <cstdint>
#include <fstream>
#include <mutex>
#include <numeric>
#include <ranges>
#include <set>
#include <span>
#include <sstream>
#include <stdexcept>
#include <string>
#include <sys/resource.h>
#include <utility>
#include <vector>

namespace {

using rankwise::pool;
using rankwise::rank_id;
using rankwise::task_context;
using namespace std::chrono_literals;
using namespace rankwise::test;  // NOLINT: the test is all about it

constexpr std::uint32_t n_ranks = 4;

using numbers = std::vector<std::uint64_t>;

/// Some pieces, and a part of one.
numbers many() {
  numbers all(400'000);
  std::iota(all.begin(), all.end(), std::uint64_t{1});
  return all;
}

std::uint64_t sum_of(std::span<const std::uint64_t> all) {
  return std::accumulate(all.begin(), all.end(), std::uint64_t{0});
}

/// Each rank has an item at least.
std::uint64_t sums(task_context& context, int /*item*/, std::span<const std::uint64_t> all) {
  const std::uint64_t sum = sum_of(all);
  comes_true([&] { return context.cancelled(); }, 20ms);
  return sum;
}

std::uint64_t sums_list(const std::vector<std::string>& all) {
  return std::accumulate(all.begin(), all.end(), std::uint64_t{0}, [](auto sum, const auto& text) {
    return sum + text.size();
  });
}

/// Of the file that is mapped at `place`; 0 if there is none.
std::uint64_t inode_of(const void* place) {
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    std::istringstream words(line);
    std::uintptr_t begin = 0;
    std::uintptr_t end = 0;
    std::uint64_t inode = 0;
    char dash = 0;
    std::string rights, offset, device;  // NOLINT(readability-isolate-declaration)
    words >> std::hex >> begin >> dash >> end >> rights >> offset >> device >> std::dec >> inode;
    const auto at = reinterpret_cast<std::uintptr_t>(place);
    if (begin <= at && at < end) return inode;
  }
  return 0;
}

/// While it lives, this process gets no segments that are larger.
class file_size_limit {
 public:
  explicit file_size_limit(rlim_t n_bytes) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{n_bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }

  file_size_limit(const file_size_limit&) = delete;
  file_size_limit& operator=(const file_size_limit&) = delete;
  file_size_limit(file_size_limit&&) = delete;
  file_size_limit& operator=(file_size_limit&&) = delete;

  ~file_size_limit() { ::setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  rlimit before_{};
};

/// Counts how many of it there are.
struct counted {
  static std::atomic<int>& n_alive() {
    static std::atomic<int> n{0};
    return n;
  }

  counted() { ++n_alive(); }

  counted(const counted& /*other*/) { ++n_alive(); }

  counted& operator=(const counted&) = default;

  ~counted() { --n_alive(); }

  template <class Archive>
  void serialize(Archive& archive, unsigned /*version*/) {
    archive& value;
  }

  int value = 7;
};

}  // namespace

TEST_CASE("a shared value arrives whole where a rank dies while it fetches and passes on") {
  const std::uint64_t right = sum_of(many());

  struct death {
    std::vector<std::string> hosts;
    rank_id rank;
    std::int64_t n_frames;
  };

  const std::vector<std::string> apart{"a", "b", "c", "d"};
  const std::vector<std::string> together{"a", "b", "b", "b"};
  for (const death& one : {death{apart, rank_id{1}, 3},
                           death{apart, rank_id{2}, 9},
                           death{together, rank_id{1}, 5},
                           death{together, rank_id{2}, 5}}) {
    INFO(one.hosts[2] << ": rank " << static_cast<int>(one.rank) << " dies at frame "
                      << one.n_frames);
    in_process_job job(one.hosts);
    const auto table = job.pool().share(many());
    job.network().kill_after(one.rank, one.n_frames);
    const pool ranks = job.pool({.schedule = rankwise::schedule_kind::self});
    const auto found =
        ranks.map(std::views::iota(0, 24), rankwise::with(table)(rankwise::fn<sums>));
    CHECK(found == numbers(24, right));
  }
}

TEST_CASE("ranks of one host look at one copy, and have their own where the system refuses it") {
  static std::mutex lock;
  static std::set<std::uint64_t> inodes;
  // What a host's ranks map has one inode, whatever the address.
  const auto note = [](std::uint32_t /*row*/, std::span<const std::uint64_t> all) {
    const std::lock_guard held(lock);
    inodes.insert(inode_of(all.data()));
    return sum_of(all);
  };
  const numbers right(n_ranks, sum_of(many()));
  for (const auto& hosts : {std::vector<std::string>{"a", "a", "a", "a"},
                            std::vector<std::string>{"a", "b", "a", "b"}}) {
    in_process_job job(hosts);
    const auto table = job.pool().share(many());
    inodes.clear();
    CHECK(job.pool().on_each_rank(rankwise::with(table)(note)) == right);
    CHECK(inodes.size() == std::set<std::string>(hosts.begin(), hosts.end()).size());
    CHECK_FALSE(inodes.contains(0));
  }
  const file_size_limit none(100'000);
  in_process_job job(n_ranks);
  const auto table = job.pool().share(many());
  inodes.clear();
  CHECK(job.pool().on_each_rank(rankwise::with(table)(note)) == right);
  CHECK(inodes == std::set<std::uint64_t>{0});
}

TEST_CASE("a rank that freezes while it fetches is done without, and is back afterwards") {
  in_process_job job({"a", "b", "c", "d"});
  const auto table = job.pool().share(many());
  const pool ranks = job.pool({.schedule = rankwise::schedule_kind::self});
  job.network().freeze(rank_id{2}, freeze_time);
  const numbers right(24, sum_of(many()));
  CHECK(ranks.map(std::views::iota(0, 24), rankwise::with(table)(rankwise::fn<sums>)) == right);
  job.network().wait_for_all();
  CHECK(ranks.map(std::views::iota(0, 24), rankwise::with(table)(rankwise::fn<sums>)) == right);
}

TEST_CASE("a call that is cancelled leaves a value that the next one can use") {
  in_process_job job({"a", "b", "b", "c"});
  const auto table = job.pool().share(many());
  const auto fails = [](int item, std::span<const std::uint64_t> /*all*/) {
    if (item == 0) throw std::runtime_error("a bad item");
    return item;
  };
  for (int i = 0; i < 5; ++i) {
    CHECK_THROWS_AS(job.pool().map(std::views::iota(0, 100), rankwise::with(table)(fails)),
                    rankwise::task_error);
  }
  CHECK(job.pool().map({1, 2, 3, 4}, rankwise::with(table)(rankwise::fn<sums>)) ==
        numbers(4, sum_of(many())));
}

TEST_CASE("all ranks let go of a value with its last handle") {
  in_process_job job(n_ranks);
  const auto look = [](std::uint32_t /*row*/, const counted& one) { return one.value; };
  {
    const auto first = job.pool().share(counted());
    const auto second = first;
    CHECK(job.pool().on_each_rank(rankwise::with(second)(look)) == std::vector<int>(n_ranks, 7));
    CHECK(counted::n_alive() == n_ranks);
  }
  CHECK(comes_true([&] {
    job.pool().on_each_rank([](std::uint32_t /*row*/) {});
    return counted::n_alive() == 0;
  }));
}

TEST_CASE("what was submitted holds the values that it uses") {
  in_process_job job(n_ranks);
  std::vector<rankwise::future<int>> futures;
  {
    const auto one = job.pool().share(counted());
    for (int i = 0; i < 100; ++i) {
      futures.push_back(job.pool().submit(
          [](int number, const counted& its) { return number + its.value; }, i, one));
    }
  }
  for (int i = 0; i < 100; ++i) CHECK(futures[static_cast<std::size_t>(i)].get() == i + 7);
  futures.clear();
  CHECK(comes_true([&] {
    job.pool().on_each_rank([](std::uint32_t /*row*/) {});
    return counted::n_alive() == 0;
  }));
}

TEST_CASE("two calls at once use one value") {
  in_process_job job(n_ranks);
  const auto table = job.pool().share(
      std::vector<std::string>(20'000, "forty characters that are a text or so.."));
  auto sum = job.pool().submit(rankwise::fn<sums_list>, table);
  const auto found = job.pool().map(
      std::views::iota(0, 24),
      rankwise::with(table)([](int /*item*/, const auto& all) { return sums_list(all); }));
  CHECK(found == numbers(24, 800'000));
  CHECK(sum.get() == 800'000);
}

TEST_CASE("a value of another job, or after its job, is refused") {
  in_process_job job(2);
  std::vector<rankwise::shared<int>> old;
  const auto look = [](int item, const int& one) { return item + one; };
  {
    in_process_job other(2);
    old.push_back(other.pool().share(1));
    CHECK(other.pool().map({1}, rankwise::with(old.front())(look)) == std::vector<int>{2});
    CHECK_THROWS_WITH(job.pool().map({1}, rankwise::with(old.front())(look)),
                      "a rankwise::shared was used in another job than it was shared in");
  }
  CHECK_THROWS_WITH(job.pool().map({1}, rankwise::with(old.front())(look)),
                    "a rankwise::shared was used whose job is over: share it anew");
  CHECK_THROWS_WITH(job.pool().submit(look, 1, old.front()),
                    "a rankwise::shared was used whose job is over: share it anew");
  CHECK(*old.front() == 1);
}

namespace {

/// Item 0 costs least, and its rank is lost after it has offered that.
int searches(task_context& context,
             int item,
             const rankwise::shared_min<int>& best,
             std::uint64_t network) {
  const int cost = 10 + item;
  if (!best.worth(cost)) return INT_MAX;
  best.offer(cost);
  if (item == 0 && !context.again() && context.rank() != rankwise::root_rank)
    reinterpret_cast<thread_network*>(network)->kill(context.rank());  // NOLINT: one process
  return cost;
}

/// Items 0 and 1 run on two ranks at once: each waits until it has heard of the other, in the
/// middle of its task.
int waits_for_other(task_context& context, int item, const rankwise::shared_max<int>& best) {
  best.offer(1 + item);
  comes_true([&] { return best.value() >= 2 || context.cancelled(); });
  if (item == 1) best.offer(3);
  comes_true([&] { return best.value() >= 3 || context.cancelled(); });
  return best.value();
}

}  // namespace

TEST_CASE("what a task that is lost has offered does not hide its own result") {
  for (int round = 0; round < 5; ++round) {
    in_process_job job(n_ranks);
    const pool ranks =
        job.pool({.schedule = rankwise::schedule_kind::self, .root_works = round % 2 == 0});
    const auto best = ranks.shared_min(INT_MAX);
    const auto network = reinterpret_cast<std::uint64_t>(&job.network());  // NOLINT: one process
    const int least = ranks.reduce(
        std::views::iota(0, 40),
        INT_MAX,
        [](int left, int right) { return std::min(left, right); },
        rankwise::with(best, network)(rankwise::fn<searches>));
    CHECK(least == 10);
    CHECK(best.value() == 10);
  }
}

TEST_CASE("what one rank offers others hear of in the middle of their tasks") {
  in_process_job job(n_ranks);
  for (const bool root_works : {true, false}) {
    const pool ranks =
        job.pool({.schedule = rankwise::schedule_kind::self, .root_works = root_works});
    const auto best = ranks.shared_max(0);
    CHECK(ranks.map({0, 1}, rankwise::with(best)(rankwise::fn<waits_for_other>)) ==
          std::vector<int>{3, 3});
    CHECK(best.value() == 3);
  }
}

TEST_CASE("a best of another job, or after its job, is refused, and can be looked at") {
  in_process_job job(2);
  std::vector<rankwise::shared_min<int>> old;
  const auto look = [](int item, const rankwise::shared_min<int>& best) {
    return best.offer(item) ? best.value() : 0;
  };
  {
    in_process_job other(2);
    old.push_back(other.pool().shared_min(5));
    CHECK(other.pool().map({1}, rankwise::with(old.front())(look)) == std::vector<int>{1});
    CHECK_THROWS_WITH(job.pool().map({1}, rankwise::with(old.front())(look)),
                      "a rankwise::shared_min or shared_max was used in another job");
  }
  CHECK_THROWS_WITH(job.pool().submit(look, 1, old.front()),
                    "a rankwise::shared_min or shared_max was used whose job is over");
  CHECK(old.front().value() == 1);
  CHECK(old.front().offer(0));
}
