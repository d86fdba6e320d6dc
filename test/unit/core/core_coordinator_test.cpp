// SPDX-License-Identifier: MIT
#include <rankwise/core/coordinator.hpp>
#include <rankwise/core/split_requests.hpp>
#include <rankwise/core/worker.hpp>

#include "catch.hpp"

#include <chrono>
#include <optional>
#include <vector>

using namespace std::chrono_literals;
using rankwise::rank_id;
using rankwise::core::coordinator;
using rankwise::core::coordinator_options;
using rankwise::core::duration;
using rankwise::core::grant;
using rankwise::core::item_range;
using rankwise::core::verdict;
namespace orders = rankwise::core::orders;
namespace reports = rankwise::core::reports;

namespace {

constexpr rank_id zero{0};
constexpr rank_id one{1};

reports::done done(const grant& chunk, bool to_be_settled = false) {
  return {0, to_be_settled, chunk.chunk, chunk.items, 1ms};
}

reports::failed failed(const grant& chunk) {
  return {0, chunk.chunk, chunk.items.first};
}

std::vector<grant> all_grants(coordinator& subject, duration now) {
  std::vector<grant> grants;
  while (const std::optional<grant> given = subject.next_grant(now)) grants.push_back(*given);
  return grants;
}

coordinator two_ranks(std::uint64_t n_items, coordinator_options options = {}) {
  options.n_items = n_items;
  options.n_ranks = 2;
  options.schedule = rankwise::schedule_kind::self;
  coordinator subject(options);
  subject.joined(zero, 0ms);
  subject.joined(one, 0ms);
  return subject;
}

}  // namespace

TEST_CASE("no items: done at once") {
  CHECK(two_ranks(0).done());
}

TEST_CASE("items that are held are done already, and all others may have been run before") {
  coordinator_options options;
  options.n_items = 10;
  options.n_ranks = 1;
  options.schedule = rankwise::schedule_kind::self;
  options.chunk = 3;
  options.again = true;
  rankwise::core::item_set held;
  held.add({0, 4});
  held.add({6, 2});
  coordinator subject(options, held);
  CHECK(subject.n_finished() == 6);
  CHECK(subject.n_remaining() == 4);
  subject.joined(zero, 0ms);
  std::vector<item_range> given;
  while (!subject.done()) {
    for (const grant& one_grant : all_grants(subject, 1ms)) {
      CHECK(one_grant.again);
      given.push_back(one_grant.items);
      CHECK(subject.on_report(zero, 0, done(one_grant), 2ms) == verdict::accepted);
    }
    REQUIRE(given.size() <= 10);
  }
  CHECK(given == std::vector<item_range>{{4, 2}, {8, 2}});
  CHECK(subject.n_finished() == 10);
}

TEST_CASE("failures that are held count, and end a call that stops at the first") {
  coordinator_options options;
  options.n_items = 10;
  options.n_ranks = 1;
  rankwise::core::item_set held;
  held.add({5, 1});
  for (const bool stops : {true, false}) {
    options.stop_on_failure = stops;
    coordinator subject(options, held);
    subject.hold_failed(1);
    subject.joined(zero, 0ms);
    CHECK(subject.n_failed() == 1);
    CHECK(subject.done() == stops);
    CHECK(all_grants(subject, 1ms).empty() == stops);
  }
}

TEST_CASE("ranks take turns, and each gets its next chunk ahead") {
  coordinator subject = two_ranks(100);
  const std::vector<grant> grants = all_grants(subject, 0ms);
  REQUIRE(grants.size() == 4);
  CHECK(grants[0].rank == zero);
  CHECK(grants[1].rank == one);
  CHECK(grants[2].rank == zero);
  CHECK(grants[3].items == item_range{3, 1});
}

TEST_CASE("more ranks than items: nobody hoards") {
  coordinator subject = two_ranks(2);
  const std::vector<grant> grants = all_grants(subject, 0ms);
  REQUIRE(grants.size() == 2);
  CHECK(grants[0].rank != grants[1].rank);
}

TEST_CASE("a result counts once") {
  coordinator subject = two_ranks(2);
  const std::vector<grant> grants = all_grants(subject, 0ms);
  CHECK(subject.on_report(zero, 0, done(grants[0]), 1ms) == verdict::accepted);
  CHECK(subject.on_report(zero, 0, done(grants[0]), 1ms) == verdict::dropped);
  SECTION("not from another rank") {
    CHECK(subject.on_report(zero, 0, done(grants[1]), 1ms) == verdict::dropped);
  }
  SECTION("not from another incarnation") {
    CHECK(subject.on_report(one, 7, done(grants[1]), 1ms) == verdict::dropped);
  }
  SECTION("not out of order") {
    reports::done late = done(grants[1]);
    late.items.first += 1;
    CHECK(subject.on_report(one, 0, late, 1ms) == verdict::dropped);
  }
  CHECK_FALSE(subject.done());
  CHECK(subject.on_report(one, 0, done(grants[1]), 1ms) == verdict::accepted);
  CHECK(subject.done());
}

TEST_CASE("what a lost rank held is given to others, and its results are dropped") {
  coordinator subject = two_ranks(2);
  const std::vector<grant> grants = all_grants(subject, 0ms);
  subject.lost(one, 1ms);
  CHECK(subject.on_report(zero, 0, done(grants[0]), 1ms) == verdict::accepted);
  const std::vector<grant> again = all_grants(subject, 1ms);
  REQUIRE(again.size() == 1);
  CHECK(again[0].rank == zero);
  CHECK(again[0].items == grants[1].items);
  SECTION("it speaks again: a new incarnation") {
    CHECK(subject.on_report(one, 0, done(grants[1]), 2ms) == verdict::dropped);
    subject.lost(zero, 2ms);
    const std::vector<grant> third = all_grants(subject, 3ms);
    REQUIRE(third.size() == 1);
    CHECK(third[0].rank == one);
    CHECK(third[0].incarnation == 1);
    CHECK(subject.on_report(one, 1, done(third[0]), 4ms) == verdict::accepted);
    CHECK(subject.done());
  }
}

TEST_CASE("a lease runs out where a rank is silent; the root has none") {
  coordinator subject = two_ranks(3, {.lease = 10ms});
  const std::vector<grant> grants = all_grants(subject, 0ms);
  for (auto at = 1ms; at <= 9ms; at += 2ms) CHECK(subject.tick(at).empty());
  subject.on_report(one, 0, reports::heartbeat{}, 9ms);
  for (auto at = 11ms; at <= 19ms; at += 2ms) CHECK(subject.tick(at).empty());
  const std::vector<rankwise::core::loss> given_up = subject.tick(20ms);
  REQUIRE(given_up.size() == 1);
  CHECK(given_up[0].rank == one);
  CHECK(given_up[0].n_items == 1);
  CHECK(subject.tick(40ms).empty());
}

TEST_CASE("a task that throws is tried again as often as was asked, then ends the call") {
  coordinator subject = two_ranks(1, {.retries = 2});
  for (int attempt = 0; attempt < 2; ++attempt) {
    const std::vector<grant> grants = all_grants(subject, 0ms);
    REQUIRE(grants.size() == 1);
    CHECK(subject.on_report(grants[0].rank, 0, failed(grants[0]), 1ms) == verdict::retried);
    CHECK_FALSE(subject.cancelled());
  }
  const std::vector<grant> grants = all_grants(subject, 0ms);
  CHECK(subject.on_report(grants[0].rank, 0, failed(grants[0]), 1ms) == verdict::accepted);
  CHECK(subject.cancelled());
  CHECK(subject.done());
}

TEST_CASE("after a failure the call waits for what is out, and takes no more results") {
  coordinator subject = two_ranks(100);
  const std::vector<grant> grants = all_grants(subject, 0ms);
  CHECK(subject.on_report(zero, 0, failed(grants[0]), 1ms) == verdict::accepted);
  CHECK(all_grants(subject, 1ms).empty());
  CHECK(subject.on_report(one, 0, done(grants[1]), 1ms) == verdict::dropped);
  CHECK_FALSE(subject.done());
  for (const std::size_t left : {2U, 3U}) {
    const reports::returned back{0, grants[left].chunk, grants[left].items};
    subject.on_report(grants[left].rank, 0, back, 2ms);
  }
  CHECK(subject.done());
}

TEST_CASE("a result that asks to be settled counts when it is") {
  coordinator subject = two_ranks(2);
  const std::vector<grant> grants = all_grants(subject, 0ms);
  CHECK(subject.on_report(zero, 0, done(grants[0]), 1ms) == verdict::accepted);
  CHECK(subject.on_report(one, 0, done(grants[1], true), 1ms) == verdict::accepted);
  CHECK_FALSE(subject.done());
  SECTION("settled") {
    const reports::settled answer{0, grants[1].items.first};
    CHECK(subject.on_report(one, 0, answer, 2ms) == verdict::accepted);
    CHECK(subject.on_report(one, 0, answer, 2ms) == verdict::dropped);
    CHECK(subject.done());
    CHECK(subject.n_failed() == 0);
  }
  SECTION("could not be settled") {
    const reports::unsettled answer{0, grants[1].items.first};
    CHECK(subject.on_report(one, 0, answer, 2ms) == verdict::accepted);
    CHECK(subject.n_failed() == 1);
    CHECK(subject.done());
  }
  SECTION("lost before it was") {
    subject.lost(one, 1ms);
    const std::vector<grant> again = all_grants(subject, 2ms);
    REQUIRE(again.size() == 1);
    CHECK(again[0].items == grants[1].items);
  }
}

TEST_CASE(
    "a worker leaves what it had when a newer incarnation begins, and returns all on cancel") {
  rankwise::core::worker<int> subject;
  const auto grant_chunk = [&](std::uint64_t chunk, std::uint32_t incarnation) {
    subject.on_grant(incarnation, orders::grant{0, false, chunk, {chunk * 10, 5}}, 0);
  };
  grant_chunk(1, 0);
  grant_chunk(2, 0);
  REQUIRE(subject.start()->id == 1);
  CHECK(subject.done(2, 1ms, false)->items == item_range{10, 2});
  SECTION("cancelled") {
    const std::vector<reports::returned> back = subject.on_cancel(0, orders::cancel{});
    CHECK(subject.interrupted());
    REQUIRE(back.size() == 1);
    CHECK(back[0].items == item_range{20, 5});
    const std::optional<reports::returned> rest = subject.finish();
    REQUIRE(rest.has_value());
    CHECK(rest->items == item_range{12, 3});
    CHECK_FALSE(subject.start().has_value());
  }
  SECTION("a new incarnation") {
    grant_chunk(3, 1);
    CHECK(subject.interrupted());
    CHECK_FALSE(subject.done(1, 1ms, false).has_value());
    CHECK_FALSE(subject.finish().has_value());
    CHECK(subject.incarnation() == 1);
    CHECK(subject.start()->id == 3);
  }
}

TEST_CASE("an item_set includes what has been added, in one piece or in several") {
  rankwise::core::item_set items;
  CHECK(items.includes({7, 0}));
  CHECK_FALSE(items.includes({0, 1}));
  items.add({0, 5});
  items.add({8, 2});
  CHECK(items.includes({0, 5}));
  CHECK(items.includes({1, 3}));
  CHECK(items.includes({9, 1}));
  CHECK_FALSE(items.includes({0, 6}));
  CHECK_FALSE(items.includes({4, 5}));
  CHECK_FALSE(items.includes({10, 1}));
  items.add({5, 3});
  CHECK(items.includes({0, 10}));
}

TEST_CASE("what a rank cuts off an item is a further one, if the rank still has that item") {
  coordinator_options options;
  options.splits = true;
  coordinator subject = two_ranks(1, options);
  const std::vector<grant> first = all_grants(subject, 0ms);
  REQUIRE(first.size() == 1);
  const reports::split_off split{0, first[0].chunk, 0};
  CHECK(subject.on_report(one, 0, split, 1ms) == verdict::dropped);
  CHECK(subject.on_report(zero, 7, split, 1ms) == verdict::dropped);
  reports::split_off part = split;
  part.is_cut = false;
  CHECK(subject.on_report(zero, 0, part, 1ms) == verdict::accepted);
  CHECK(subject.options().n_items == 1);
  CHECK(subject.on_report(one, 0, part, 1ms) == verdict::dropped);
  CHECK(subject.on_report(zero, 0, split, 1ms) == verdict::accepted);
  // A rank holds one item: the further one is not for the rank that has cut it off.
  const std::vector<grant> second = all_grants(subject, 1ms);
  REQUIRE(second.size() == 1);
  CHECK(second[0].rank == one);
  CHECK(second[0].items == item_range{1, 1});
  SECTION("all is done once both are") {
    CHECK(subject.on_report(zero, 0, done(first[0]), 2ms) == verdict::accepted);
    CHECK_FALSE(subject.done());
    CHECK(subject.on_report(one, 0, done(second[0]), 2ms) == verdict::accepted);
    CHECK(subject.done());
    CHECK(subject.on_report(zero, 0, split, 3ms) == verdict::dropped);
  }
  SECTION("a rank that was given up has cut off nothing since") {
    subject.lost(one, 2ms);
    const reports::split_off late{0, second[0].chunk, 1};
    CHECK(subject.on_report(one, 0, late, 3ms) == verdict::dropped);
    CHECK(subject.options().n_items == 2);
  }
  SECTION("nothing is cut off once the call is over") {
    subject.cancel();
    CHECK(subject.on_report(zero, 0, split, 2ms) == verdict::dropped);
  }
}

TEST_CASE("ranks are asked to split what they run, as many as have no work, each once") {
  rankwise::core::split_requests subject;
  const auto all_work = [](rank_id) { return true; };
  const auto chunks = [&](std::uint32_t n_idle, duration now, auto is_at_work) {
    std::vector<std::uint64_t> found;
    for (const auto& asked : subject.choose(n_idle, now, is_at_work)) found.push_back(asked.chunk);
    return found;
  };
  using list = std::vector<std::uint64_t>;
  CHECK(chunks(3, 0ms, all_work).empty());
  subject.on_grant(rank_id{2}, 11);
  subject.on_grant(zero, 12);
  subject.on_grant(one, 13);
  CHECK(chunks(0, 0ms, all_work).empty());
  CHECK(chunks(1, 0ms, [](rank_id rank) { return rank != rank_id{2}; }) == list{12});
  CHECK(chunks(1, 1ms, all_work).empty());
  CHECK(chunks(2, 1ms, all_work) == list{11});
  SECTION("others are asked as well if that takes long") {
    CHECK(chunks(2, 2ms, all_work) == list{13});
    CHECK(chunks(2, 60ms, all_work).empty());
  }
  SECTION("one that has answered may be asked again, after the others") {
    subject.on_answer(rank_id{2});
    CHECK(chunks(3, 1ms, all_work) == list{13, 11});
  }
  SECTION("one that has another chunk may be asked for that") {
    subject.on_grant(rank_id{2}, 14);
    CHECK(chunks(9, 1ms, all_work) == list{13, 14});
  }
}
