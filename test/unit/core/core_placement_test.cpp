// SPDX-License-Identifier: MIT
// Calls whose items belong to ranks, one each, and calls that few ranks may work on at once.
#include <rankwise/core/coordinator.hpp>
#include <rankwise/random.hpp>

#include "catch.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <vector>

using namespace std::chrono_literals;
using rankwise::rank_id;
using rankwise::schedule_kind;
using rankwise::to_index;
using rankwise::to_rank;
using rankwise::core::coordinator;
using rankwise::core::coordinator_options;
using rankwise::core::grant;
using rankwise::core::item_range;
using rankwise::core::verdict;
namespace reports = rankwise::core::reports;

namespace {

reports::done done(const grant& chunk) {
  return {0, false, chunk.chunk, chunk.items, 1ms};
}

reports::failed failed(const grant& chunk) {
  return {0, chunk.chunk, chunk.items.first};
}

std::vector<grant> all_grants(coordinator& subject) {
  std::vector<grant> grants;
  while (const std::optional<grant> given = subject.next_grant(1ms)) grants.push_back(*given);
  return grants;
}

coordinator one_each(std::uint32_t n_ranks, coordinator_options options = {}) {
  options.place = rankwise::core::placement::one_each;
  options.n_ranks = n_ranks;
  options.n_items = n_ranks - options.first_worker;
  coordinator subject(options);
  for (std::uint32_t row = 0; row < n_ranks; ++row) subject.joined(to_rank(row), 0ms);
  return subject;
}

}  // namespace

TEST_CASE("each rank is given the item of its row, and no other") {
  const std::uint32_t n_ranks = GENERATE(1U, 2U, 3U, 5U, 8U, 64U);
  const std::uint32_t first_worker = GENERATE(0U, 1U);
  const auto schedule = GENERATE(schedule_kind::static_blocks,
                                 schedule_kind::self,
                                 schedule_kind::guided,
                                 schedule_kind::factoring,
                                 schedule_kind::adaptive);
  const std::uint64_t chunk = GENERATE(0U, 7U);
  if (first_worker >= n_ranks) return;
  CAPTURE(n_ranks, first_worker, static_cast<int>(schedule), chunk);
  coordinator subject =
      one_each(n_ranks, {.first_worker = first_worker, .schedule = schedule, .chunk = chunk});
  const std::vector<grant> grants = all_grants(subject);
  REQUIRE(grants.size() == n_ranks - first_worker);
  std::set<std::size_t> rows;
  for (const grant& given : grants) {
    CHECK(given.items == item_range{to_index(given.rank) - first_worker, 1});
    rows.insert(to_index(given.rank));
  }
  CHECK(rows.size() == grants.size());
  CHECK(*rows.begin() == first_worker);
  CHECK(subject.n_remaining() == 0);
  for (const grant& given : grants) {
    CHECK_FALSE(subject.done());
    CHECK(subject.on_report(given.rank, given.incarnation, done(given), 2ms) == verdict::accepted);
    CHECK(all_grants(subject).empty());
  }
  CHECK(subject.done());
  CHECK(subject.n_finished() == n_ranks - first_worker);
}

TEST_CASE("a rank that comes late gets its own item then") {
  coordinator_options options;
  options.place = rankwise::core::placement::one_each;
  options.n_ranks = 3;
  options.n_items = 3;
  coordinator subject(options);
  subject.joined(to_rank(2), 0ms);
  const std::vector<grant> first = all_grants(subject);
  REQUIRE(first.size() == 1);
  CHECK(first[0].items == item_range{2, 1});
  CHECK(subject.on_report(to_rank(2), 0, done(first[0]), 2ms) == verdict::accepted);
  CHECK(all_grants(subject).empty());
  CHECK_FALSE(subject.done());
  subject.joined(to_rank(0), 3ms);
  subject.joined(to_rank(1), 3ms);
  const std::vector<grant> others = all_grants(subject);
  REQUIRE(others.size() == 2);
  CHECK(others[0].items.first == to_index(others[0].rank));
  CHECK(others[1].items.first == to_index(others[1].rank));
}

TEST_CASE("an item that failed goes back to its rank as often as was asked") {
  const std::uint32_t first_worker = GENERATE(0U, 1U);
  CAPTURE(first_worker);
  coordinator subject = one_each(4, {.first_worker = first_worker, .retries = 2});
  std::vector<grant> grants = all_grants(subject);
  const rank_id unlucky = to_rank(2);
  for (int attempt = 0; attempt < 3; ++attempt) {
    const auto place = std::find_if(
        grants.begin(), grants.end(), [&](const grant& given) { return given.rank == unlucky; });
    REQUIRE(place != grants.end());
    const grant failing = *place;
    CHECK(failing.items == item_range{2U - first_worker, 1});
    const auto answer = subject.on_report(unlucky, 0, failed(failing), 2ms);
    CHECK(answer == (attempt < 2 ? verdict::retried : verdict::accepted));
    grants = all_grants(subject);
    CHECK(grants.size() == (attempt < 2 ? 1 : 0));
  }
  CHECK(subject.n_failed() == 1);
  CHECK(subject.cancelled());
}

TEST_CASE("the item of a lost rank waits until that rank is back") {
  coordinator subject = one_each(3);
  const std::vector<grant> grants = all_grants(subject);
  REQUIRE(grants.size() == 3);
  const rank_id gone = grants[1].rank;
  subject.lost(gone, 1ms);
  CHECK(all_grants(subject).empty());
  for (const std::size_t other : {0U, 2U}) {
    CHECK(subject.on_report(grants[other].rank, 0, done(grants[other]), 2ms) == verdict::accepted);
    CHECK(all_grants(subject).empty());
  }
  CHECK_FALSE(subject.done());
  CHECK(subject.on_report(gone, 0, done(grants[1]), 3ms) == verdict::dropped);
  const std::vector<grant> again = all_grants(subject);
  REQUIRE(again.size() == 1);
  CHECK(again[0].rank == gone);
  CHECK(again[0].items == grants[1].items);
  CHECK(again[0].incarnation == 1);
  CHECK(subject.on_report(gone, 1, done(again[0]), 4ms) == verdict::accepted);
  CHECK(subject.done());
}

TEST_CASE("a failure ends the call, but for what is out") {
  coordinator subject = one_each(3);
  const std::vector<grant> grants = all_grants(subject);
  REQUIRE(grants.size() == 3);
  CHECK(subject.on_report(grants[0].rank, 0, failed(grants[0]), 2ms) == verdict::accepted);
  CHECK(subject.cancelled());
  CHECK_FALSE(subject.done());
  CHECK(subject.on_report(grants[1].rank, 0, failed(grants[1]), 2ms) == verdict::dropped);
  CHECK(subject.on_report(grants[2].rank, 0, done(grants[2]), 2ms) == verdict::dropped);
  CHECK(subject.done());
  CHECK(subject.n_failed() == 1);
}

TEST_CASE("whatever ranks say and whenever they are lost, each item counts once, on its rank") {
  const auto seed = GENERATE(range(1U, 301U));
  CAPTURE(seed);
  rankwise::random_stream random(seed, 0);
  const std::uint32_t first_worker = random() % 2;
  const std::uint32_t n_ranks = 1 + first_worker + random() % 8;
  coordinator_options options{.first_worker = first_worker, .retries = 1'000};
  coordinator subject = one_each(n_ranks, options);
  std::vector<std::uint32_t> n_counted(n_ranks, 0);
  std::vector<grant> out;
  for (int step = 0; step < 10'000 && !subject.done(); ++step) {
    for (const grant& given : all_grants(subject)) out.push_back(given);
    const std::uint32_t row = random() % n_ranks;
    if (random() % 8 == 0) subject.lost(to_rank(row), 1ms);
    if (random() % 4 == 0) subject.joined(to_rank(row), 1ms);
    if (out.empty()) continue;
    const std::size_t i = random() % out.size();
    const grant given = out[i];
    out.erase(out.begin() + static_cast<std::ptrdiff_t>(i));
    REQUIRE(given.items == item_range{to_index(given.rank) - first_worker, 1});
    const bool fails = random() % 3 == 0;
    const verdict answer =
        fails ? subject.on_report(given.rank, given.incarnation, failed(given), 1ms)
              : subject.on_report(given.rank, given.incarnation, done(given), 1ms);
    if (!fails && answer == verdict::accepted) ++n_counted[to_index(given.rank)];
  }
  CHECK(subject.done());
  for (std::uint32_t row = 0; row < n_ranks; ++row)
    CHECK(n_counted[row] == (row < first_worker ? 0 : 1));
}

namespace {

/// A call of many items, one a chunk, of which so many ranks may hold some.
coordinator bounded(std::uint32_t n_ranks, coordinator_options options) {
  options.n_ranks = n_ranks;
  options.n_items = 1'000;
  options.schedule = schedule_kind::self;
  options.stop_on_failure = false;
  coordinator subject(options);
  for (std::uint32_t row = 0; row < n_ranks; ++row) subject.joined(to_rank(row), 0ms);
  return subject;
}

std::set<rank_id> ranks_of(const std::vector<grant>& grants) {
  std::set<rank_id> ranks;
  for (const grant& given : grants) ranks.insert(given.rank);
  return ranks;
}

}  // namespace

TEST_CASE("as many ranks as may hold items, the same ones as long as they hold some") {
  const std::uint32_t at_most = GENERATE(1U, 2U, 3U, 8U, 9U);
  coordinator subject = bounded(8, {.at_most = at_most});
  std::vector<grant> out = all_grants(subject);
  const std::set<rank_id> first = ranks_of(out);
  CHECK(first.size() == std::min(at_most, 8U));
  for (int step = 0; step < 100; ++step) {
    const grant given = out[static_cast<std::size_t>(step)];
    CHECK(subject.on_report(given.rank, 0, done(given), 1ms) == verdict::accepted);
    for (const grant& more : all_grants(subject)) out.push_back(more);
    CHECK(ranks_of(out) == first);
  }
}

TEST_CASE("so many ranks of each host hold items") {
  const std::uint32_t on_host = GENERATE(1U, 2U);
  coordinator subject = bounded(7, {.at_most_on_host = on_host, .hosts = {0, 0, 0, 1, 1, 2, 0}});
  std::vector<std::uint32_t> n_on_host(3);
  for (const rank_id rank : ranks_of(all_grants(subject)))
    ++n_on_host[std::vector<std::size_t>{0, 0, 0, 1, 1, 2, 0}[to_index(rank)]];
  CHECK(n_on_host == std::vector<std::uint32_t>{on_host, on_host, 1});
}

TEST_CASE("a rank without items, or that is lost, leaves its place to another") {
  coordinator subject = bounded(3, {.at_most = 1});
  const std::vector<grant> first = all_grants(subject);
  REQUIRE(ranks_of(first).size() == 1);
  const rank_id holder = first.front().rank;
  subject.set_root_away(true);  // the root is the first that joined
  REQUIRE(holder == to_rank(0));
  for (const grant& given : first)
    subject.on_report(holder, 0, reports::returned{0, given.chunk, given.items}, 1ms);
  const std::vector<grant> second = all_grants(subject);
  REQUIRE(ranks_of(second).size() == 1);
  CHECK(second.front().rank != holder);
  subject.lost(second.front().rank, 2ms);
  const std::vector<grant> third = all_grants(subject);
  REQUIRE(ranks_of(third).size() == 1);
  CHECK(third.front().rank != second.front().rank);
}

TEST_CASE("a rank keeps its place in a task that takes too long, until it is out of it or lost") {
  const bool is_lost = GENERATE(false, true);
  coordinator subject = bounded(3, {.first_worker = 1, .lease = 100ms, .at_most = 1});
  const std::vector<grant> first = all_grants(subject);
  REQUIRE(ranks_of(first).size() == 1);
  const rank_id stuck = first.front().rank;
  const rank_id other = stuck == to_rank(1) ? to_rank(2) : to_rank(1);
  const reports::overran overran{0, first.front().chunk, first.front().items.first};
  CHECK(subject.on_report(stuck, 0, overran, 2ms) == verdict::accepted);
  CHECK(all_grants(subject).empty());
  for (auto at = 10ms; at < 500ms; at += 10ms) {  // it lives
    subject.on_report(other, 0, reports::heartbeat{}, at);
    subject.on_report(stuck, 0, reports::heartbeat{true}, at);
    CHECK(subject.tick(at).empty());
    CHECK(all_grants(subject).empty());
  }
  if (is_lost) {
    std::vector<rankwise::core::loss> losses;
    for (auto at = 500ms; at < 1'000ms; at += 10ms) {
      subject.on_report(other, 0, reports::heartbeat{}, at);
      for (const auto& loss : subject.tick(at)) losses.push_back(loss);
    }
    REQUIRE(losses.size() == 1);
    CHECK(losses.front().rank == stuck);
  } else {
    subject.on_report(stuck, 0, reports::heartbeat{}, 500ms);
  }
  CHECK(ranks_of(all_grants(subject)).size() == 1);
}

TEST_CASE("ranks take turns at a place where the schedule gives each of them its share") {
  coordinator_options options{.at_most = 1};
  options.n_ranks = 4;
  options.n_items = 103;
  options.schedule = schedule_kind::static_blocks;
  coordinator subject(options);
  for (std::uint32_t row = 0; row < 4; ++row) subject.joined(to_rank(row), 0ms);
  std::vector<grant> out;
  for (std::size_t i = 0; !subject.done(); ++i) {
    for (const grant& given : all_grants(subject)) out.push_back(given);
    REQUIRE(i < out.size());
    subject.on_report(out[i].rank, 0, done(out[i]), 1ms);
  }
  CHECK(ranks_of(out).size() == 4);
  CHECK(out.size() == 4);
}

TEST_CASE("items go to their home, and those of a home that is not there to any other rank") {
  const std::uint32_t first_worker = GENERATE(0U, 1U);
  const auto schedule = GENERATE(schedule_kind::static_blocks, schedule_kind::adaptive);
  CAPTURE(first_worker, static_cast<int>(schedule));
  coordinator_options options{.first_worker = first_worker, .schedule = schedule};
  options.place = rankwise::core::placement::at_home;
  options.n_ranks = 4;
  options.homes = {1, 1, 2, 2, 1, 3, 3, 9};  // there is no rank 9
  options.n_items = options.homes.size();
  coordinator subject(options);
  for (const std::uint32_t row : {0U, 1U, 2U}) subject.joined(to_rank(row), 0ms);
  std::vector<grant> out;
  std::set<std::uint64_t> counted;
  const auto collect = [&] {
    for (const grant& given : all_grants(subject)) {
      for (std::uint64_t index = given.items.first; index != given.items.end(); ++index) {
        const std::uint32_t home = options.homes[index];
        if (home == 1) CHECK(to_index(given.rank) == (given.again ? to_index(given.rank) : 1));
        if (home == 2 && !given.again) CHECK(to_index(given.rank) == 2);
      }
      out.push_back(given);
    }
  };
  collect();
  REQUIRE(!out.empty());
  subject.lost(to_rank(2), 1ms);  // what it held is anybody's, and so is the rest of its items
  for (int step = 0; step < 100 && !subject.done(); ++step) {
    collect();
    REQUIRE(!out.empty());
    const grant given = out.front();
    out.erase(out.begin());
    if (subject.on_report(given.rank, given.incarnation, done(given), 2ms) != verdict::accepted)
      continue;
    for (std::uint64_t index = given.items.first; index != given.items.end(); ++index)
      CHECK(counted.insert(index).second);
  }
  CHECK(subject.done());
  CHECK(counted.size() == options.n_items);
}
