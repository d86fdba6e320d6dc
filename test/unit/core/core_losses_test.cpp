// SPDX-License-Identifier: MIT
// What becomes of the items of ranks that are lost, slow or stuck.
#include <rankwise/core/coordinator.hpp>
#include <rankwise/core/item_set.hpp>
#include <rankwise/core/listening_clock.hpp>
#include <rankwise/core/work_left.hpp>
#include <rankwise/random.hpp>

#include "catch.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <vector>

using namespace std::chrono_literals;
using rankwise::rank_id;
using rankwise::to_rank;
using rankwise::core::coordinator;
using rankwise::core::coordinator_options;
using rankwise::core::duration;
using rankwise::core::grant;
using rankwise::core::item_range;
using rankwise::core::item_set;
using rankwise::core::unassigned_items;
using rankwise::core::verdict;
namespace reports = rankwise::core::reports;
using rankwise::core::work_left;

namespace {

reports::done done(const grant& chunk) {
  return {0, false, chunk.chunk, chunk.items, 1ms};
}

reports::overran overran(const grant& chunk) {
  return {0, chunk.chunk, chunk.items.first};
}

/// Of `n_ranks` ranks; the root does not work.
coordinator cluster(std::uint32_t n_ranks, coordinator_options options) {
  options.n_ranks = n_ranks;
  options.first_worker = 1;
  options.schedule = rankwise::schedule_kind::self;
  coordinator subject(options);
  for (std::uint32_t row = 1; row < n_ranks; ++row) subject.joined(to_rank(row), 0ms);
  return subject;
}

std::vector<grant> all_grants(coordinator& subject, duration at = 1ms) {
  std::vector<grant> grants;
  while (const std::optional<grant> given = subject.next_grant(at)) grants.push_back(*given);
  return grants;
}

}  // namespace

TEST_CASE("a set of items is the same as a std::set of them") {
  rankwise::random_stream chance(7, 0);
  item_set subject;
  std::set<std::uint64_t> expected;
  for (int step = 0; step < 5000; ++step) {
    const item_range items{chance() % 60, chance() % 9};
    if (chance() % 2 == 0) {
      subject.add(items);
      for (std::uint64_t i = items.first; i != items.end(); ++i) expected.insert(i);
    } else {
      subject.remove(items);
      for (std::uint64_t i = items.first; i != items.end(); ++i) expected.erase(i);
    }
    const item_range asked{chance() % 60, chance() % 20};
    std::vector<std::uint64_t> missing;
    subject.visit_missing(asked, [&](item_range range) {
      REQUIRE(range.count != 0);
      for (std::uint64_t i = range.first; i != range.end(); ++i) missing.push_back(i);
    });
    std::vector<std::uint64_t> expected_missing;
    for (std::uint64_t i = asked.first; i != asked.end(); ++i) {
      if (!expected.contains(i)) expected_missing.push_back(i);
    }
    REQUIRE(missing == expected_missing);
    REQUIRE(subject.overlaps(asked) == (missing.size() != asked.count));
    REQUIRE(subject.empty() == expected.empty());
  }
}

TEST_CASE("suspects are handed out in smaller pieces at each try, and not to everybody") {
  work_left subject(0);
  subject.put_back({{100, 50}, 1});
  CHECK(subject.count() == 50);
  CHECK(subject.take(1000, false).items.count == 0);
  const unassigned_items second = subject.take(1000, true);
  CHECK(second.items == item_range{100, 8});
  CHECK(second.losses == 1);
  CHECK(second.again);
  subject.put_back({second.items, 2});
  const auto cost_two = [](const unassigned_items& suspect) { return suspect.losses >= 2; };
  REQUIRE(subject.take_suspects(cost_two).size() == 1);
  CHECK(subject.take_suspects(cost_two).empty());
  subject.put_back({second.items, 2});
  CHECK(subject.take(1000, true).items == item_range{108, 8});
  while (subject.count() != 8) subject.take(1000, true);
  CHECK(subject.take(1000, true).items == item_range{100, 1});
  CHECK(subject.count() == 7);
}

TEST_CASE("an item that costs three ranks is given up, and names the last") {
  coordinator subject = cluster(6, {.n_items = 1, .stop_on_failure = false, .losses_at_most = 3});
  std::vector<grant> grants = all_grants(subject);
  REQUIRE(grants.size() == 1);
  CHECK_FALSE(grants[0].again);
  for (int loss = 1; loss <= 3; ++loss) {
    const rank_id victim = grants[0].rank;
    CHECK(subject.lost(victim, 1ms, true).n_items == (loss < 3 ? 1 : 0));
    if (loss == 3) {
      const auto given_up = subject.take_given_up();
      REQUIRE(given_up.size() == 1);
      CHECK(given_up[0].index == 0);
      CHECK(given_up[0].losses == 3);
      CHECK(given_up[0].last == victim);
      continue;
    }
    grants = all_grants(subject);
    REQUIRE(grants.size() == 1);
    CHECK(grants[0].again);
  }
  CHECK(subject.done());
  CHECK(subject.n_failed() == 1);
}

TEST_CASE("the root tries what has cost one rank, where no other is left, but not what cost two") {
  const int n_workers = GENERATE(1, 2);
  coordinator subject = cluster(static_cast<std::uint32_t>(n_workers) + 1,
                                {.n_items = 1, .stop_on_failure = false, .losses_at_most = 3});
  for (int loss = 0; loss < n_workers; ++loss) {
    const std::vector<grant> grants = all_grants(subject);
    REQUIRE(grants.size() == 1);
    CHECK(grants[0].rank != rankwise::root_rank);
    subject.lost(grants[0].rank, 1ms, true);
  }
  const std::vector<grant> at_root = all_grants(subject);
  if (n_workers == 2) {
    CHECK(at_root.empty());
    CHECK(subject.take_given_up().size() == 1);
  } else {
    REQUIRE(at_root.size() == 1);
    CHECK(at_root[0].rank == rankwise::root_rank);
    CHECK(subject.on_report(rankwise::root_rank, at_root[0].incarnation, done(at_root[0]), 2ms) ==
          verdict::accepted);
  }
  CHECK(subject.done());
}

TEST_CASE("alone, the root tries what has cost two ranks where others were lost without it") {
  coordinator subject = cluster(4, {.n_items = 3, .stop_on_failure = false, .losses_at_most = 3});
  std::vector<grant> grants = all_grants(subject);
  REQUIRE(grants.size() == 3);
  const auto by_rank = [&](rank_id rank) {
    for (const grant& given : grants) {
      if (given.rank == rank) return given;
    }
    return grant{};
  };
  const item_range unlucky = by_rank(to_rank(1)).items;
  subject.lost(to_rank(1), 1ms, true);
  // Rank 2 is done, and is given what rank 1 held; both others are lost then.
  subject.on_report(to_rank(2), 0, done(by_rank(to_rank(2))), 2ms);
  const std::vector<grant> again = all_grants(subject);
  REQUIRE(again.size() == 1);
  CHECK(again[0].rank == to_rank(2));
  CHECK(again[0].items == unlucky);
  subject.lost(to_rank(3), 3ms, true);
  subject.lost(to_rank(2), 3ms, true);
  CHECK(subject.take_given_up().empty());
  std::uint64_t n_at_root = 0;
  for (std::vector<grant> left = all_grants(subject); !left.empty(); left = all_grants(subject)) {
    for (const grant& given : left) {
      CHECK(given.rank == rankwise::root_rank);
      CHECK(subject.on_report(given.rank, given.incarnation, done(given), 4ms) ==
            verdict::accepted);
      n_at_root += given.items.count;
    }
  }
  CHECK(n_at_root == 2);
  CHECK(subject.done());
}

TEST_CASE("of the time between two looks no more counts than the longest look") {
  rankwise::core::listening_clock subject(10ms);
  CHECK(subject.look(5s) == 0ms);
  CHECK(subject.look(5s + 4ms) == 4ms);
  CHECK(subject.look(5s + 4ms) == 4ms);
  CHECK(subject.look(1h) == 14ms);  // stopped meanwhile
  CHECK(subject.look(1h + 10ms) == 24ms);
  CHECK(subject.counted() == 24ms);
}

namespace {

/// Of three ranks but the root, each with work, which are heard every 250 ms up to 2 s.
coordinator busy_cluster() {
  coordinator subject = cluster(4, {.n_items = 9, .lease = 1s});
  all_grants(subject, 0ms);
  for (auto at = 0ms; at <= 2000ms; at += 250ms) {
    for (std::uint32_t rank = 1; rank < 4; ++rank)
      subject.on_report(to_rank(rank), 0, reports::heartbeat{}, at);
    CHECK(subject.tick(at).empty());
  }
  return subject;
}

}  // namespace

TEST_CASE("a rank is lost after so much silence in which the root has listened") {
  coordinator subject = busy_cluster();
  SECTION("it listens") {
    for (auto at = 2250ms; at <= 3000ms; at += 250ms) {
      subject.on_report(to_rank(1), 0, reports::heartbeat{}, at);
      subject.on_report(to_rank(2), 0, reports::heartbeat{}, at);
      CHECK(subject.tick(at).empty());
    }
    const auto lost = subject.tick(3100ms);
    REQUIRE(lost.size() == 1);
    CHECK(lost[0].rank == to_rank(3));
  }
  SECTION("it was stopped itself, several times, and the others with it") {
    for (auto at = 10s; at <= 50s; at += 10s) {
      CHECK(subject.tick(at).empty());
      CHECK(subject.tick(at + 250ms).empty());
      for (std::uint32_t rank = 1; rank < 4; ++rank)
        subject.on_report(to_rank(rank), 0, reports::heartbeat{}, at + 260ms);
    }
    CHECK(subject.n_active() == 3);
  }
}

TEST_CASE("what a rank ran that fell silent alone is suspected, with others it is not") {
  const std::size_t n_silent = GENERATE(1U, 2U);
  coordinator subject =
      cluster(6, {.n_items = n_silent, .stop_on_failure = false, .lease = 1s, .losses_at_most = 3});
  duration at{};
  for (int round = 0; round < 3; ++round) {
    std::vector<rank_id> silent;
    for (const grant& given : all_grants(subject, at)) silent.push_back(given.rank);
    REQUIRE(silent.size() == n_silent);
    std::size_t n_lost = 0;
    for (const duration begun = at; at < begun + 2s; at += 100ms) {
      for (std::uint32_t row = 1; row < 6; ++row) {
        // Each is heard for the last time 200 ms after the one before.
        const auto place = std::find(silent.begin(), silent.end(), to_rank(row));
        const bool is_heard =
            place == silent.end() || at - begun <= (place - silent.begin()) * 200ms;
        if (is_heard)
          subject.on_report(
              to_rank(row), subject.record(to_rank(row)).incarnation, reports::heartbeat{}, at);
      }
      n_lost += subject.tick(at).size();
    }
    CHECK(n_lost == n_silent);
    for (const rank_id rank : silent)
      subject.on_report(rank, subject.record(rank).incarnation, reports::heartbeat{}, at);
  }
  CHECK(subject.take_given_up().size() == (n_silent == 1 ? 1U : 0U));
}

TEST_CASE("a rank that is lost for good does not come back, another one does") {
  const bool for_good = GENERATE(false, true);
  coordinator subject = cluster(3, {.n_items = 4});
  const std::vector<grant> grants = all_grants(subject);
  subject.lost(to_rank(1), 1ms, for_good);
  for (const grant& given : grants) {
    if (given.rank == to_rank(1))
      CHECK(subject.on_report(to_rank(1), 0, done(given), 2ms) == verdict::dropped);
  }
  CHECK(subject.n_active() == (for_good ? 1 : 2));
}

TEST_CASE("the faster of two counts, and what the slower has reported meanwhile does not") {
  coordinator subject = cluster(3, {.n_items = 2, .speculate = true});
  const std::vector<grant> first = all_grants(subject);
  REQUIRE(first.size() == 2);
  CHECK(subject.on_report(first[0].rank, 0, done(first[0]), 2ms) == verdict::accepted);
  const std::vector<grant> twin = all_grants(subject);
  REQUIRE(twin.size() == 1);
  CHECK(twin[0].rank == first[0].rank);
  CHECK(twin[0].items == first[1].items);
  CHECK(twin[0].again);
  const bool twin_wins = GENERATE(false, true);
  const grant& winner = twin_wins ? twin[0] : first[1];
  const grant& loser = twin_wins ? first[1] : twin[0];
  CHECK(subject.on_report(winner.rank, 0, done(winner), 3ms) == verdict::accepted);
  CHECK(subject.done());
  CHECK(subject.on_report(loser.rank, 0, done(loser), 4ms) == verdict::dropped);
  CHECK(subject.n_finished() == 2);
}

TEST_CASE("a task that overruns has failed, and its rank is given nothing until it is free") {
  coordinator subject = cluster(3, {.n_items = 20, .stop_on_failure = false});
  const std::vector<grant> grants = all_grants(subject);
  const rank_id slow = grants[0].rank;
  CHECK(subject.on_report(slow, 0, overran(grants[0]), 2ms) == verdict::accepted);
  CHECK(subject.n_failed() == 1);
  subject.on_report(slow, 0, reports::heartbeat{true}, 3ms);
  CHECK(subject.n_active() == 1);
  subject.on_report(slow, 0, reports::heartbeat{false}, 4ms);
  CHECK(subject.n_active() == 2);
  CHECK(subject.on_report(slow, 0, done(grants[0]), 5ms) == verdict::dropped);
}

TEST_CASE("a rank whose overlong task a twin has done holds up nobody") {
  const bool says_overran = GENERATE(true, false);
  coordinator subject = cluster(3, {.n_items = 3, .speculate = true});
  const std::vector<grant> first = all_grants(subject);
  const rank_id slow = first[0].rank;
  const rank_id fast = to_rank(3 - rankwise::to_index(slow));
  reports::done wants_to_be_told = done(first[0]);
  wants_to_be_told.to_be_settled = true;
  CHECK(subject.on_report(slow, 0, wants_to_be_told, 2ms) == verdict::accepted);
  std::vector<grant> overlong;  // what the slow rank has begun
  std::vector<grant> others(first.begin() + 1, first.end());
  for (std::size_t i = 0; i < others.size(); ++i) {
    if (others[i].rank == slow) {
      overlong.push_back(others[i]);
    } else {
      CHECK(subject.on_report(fast, 0, done(others[i]), 3ms) == verdict::accepted);
    }
    for (const grant& next : all_grants(subject)) others.push_back(next);
  }
  REQUIRE(overlong.size() == 1);
  CHECK(!subject.done());  // its first result is not settled, and never will be
  if (says_overran) {
    subject.on_report(slow, 0, overran(overlong.front()), 5ms);
  } else {
    subject.on_report(slow, 0, reports::heartbeat{true}, 5ms);
  }
  CHECK(subject.n_active() == 1);
  const std::vector<grant> again = all_grants(subject);
  REQUIRE(again.size() == 1);
  CHECK(again.front().items == first[0].items);
  CHECK(subject.on_report(fast, 0, done(again.front()), 6ms) == verdict::accepted);
  CHECK(subject.done());
}
