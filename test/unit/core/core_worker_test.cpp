// SPDX-License-Identifier: MIT
#include <rankwise/core/arbiter.hpp>
#include <rankwise/core/worker.hpp>

#include "catch.hpp"

#include <array>
#include <chrono>
#include <cstdint>

namespace core = rankwise::core;

namespace {

struct nothing {};

core::orders::grant grant(std::uint32_t call) {
  return {call, false, 1, {0, 4}};
}

}  // namespace

TEST_CASE("a chunk that was taken away stays so until it has ended, whatever begins meanwhile") {
  core::worker<nothing> worker;
  worker.begin(1);
  worker.on_grant(0, grant(1), {});
  REQUIRE(worker.start());
  worker.begin_incarnation(1);  // the rank was given up
  CHECK(worker.interrupted());
  worker.begin_incarnation(2);
  CHECK(worker.interrupted());
  worker.begin(2, 2);
  CHECK(worker.interrupted());
  CHECK_FALSE(worker.done(1, {}, false));
  CHECK_FALSE(worker.finish());
  CHECK_FALSE(worker.interrupted());
  worker.on_grant(2, grant(2), {});
  REQUIRE(worker.start());
  CHECK_FALSE(worker.interrupted());
}

TEST_CASE("a chunk of a more urgent call runs inside another, and that one goes on") {
  core::worker<nothing> worker;
  worker.begin(1, 0, 0);
  worker.on_grant(0, grant(1), {});
  REQUIRE(worker.start()->call == 1);
  const std::array<std::uint32_t, 1> first{1};
  worker.begin(2, 0, 1, first);
  CHECK_FALSE(worker.start_before_running());
  worker.on_grant(0, grant(2), {});
  worker.on_grant(0, grant(1), {});
  REQUIRE(worker.start_before_running()->call == 2);
  CHECK_FALSE(worker.start_before_running());
  CHECK(worker.done(4, {}, false)->call == 2);
  CHECK_FALSE(worker.finish());
  CHECK(worker.done(1, {}, false)->call == 1);
  SECTION("it is taken away inside") {
    worker.on_grant(0, grant(2), {});
    REQUIRE(worker.start_before_running());
    worker.begin_incarnation(1);
    CHECK(worker.interrupted());
    CHECK_FALSE(worker.finish());
    CHECK(worker.interrupted());
    CHECK_FALSE(worker.finish());
    CHECK(worker.n_queued() == 0);
  }
  SECTION("a cancelled call gives its own chunks back") {
    const auto back = worker.on_cancel(0, core::orders::cancel{1});
    CHECK(back.size() == 1);
    CHECK(worker.interrupted());
    CHECK(worker.finish()->items == core::item_range{1, 3});
  }
  SECTION("a call that is not named among those under way is over") {
    const std::uint64_t before = worker.epoch();
    const std::array<std::uint32_t, 1> second{2};
    worker.begin(3, 0, 0, second);
    CHECK(worker.epoch() != before);
    CHECK(worker.interrupted());
    CHECK_FALSE(worker.knows(1));
    CHECK(worker.n_queued() == 0);
  }
}

TEST_CASE("calls of one priority get equal shares, and none for the time in which it had no work") {
  core::arbiter arbiter;
  arbiter.begin(1, 0);
  arbiter.add_time(1, std::chrono::seconds(5));
  arbiter.begin(2, 0);  // as if it had been there, but for the last time that 1 was served
  CHECK(arbiter.is_before(2, 1));
  arbiter.add_time(2, std::chrono::seconds(6));
  CHECK(arbiter.is_before(1, 2));
  arbiter.add_time(1, std::chrono::seconds(3));
  CHECK(arbiter.is_before(2, 1));
  for (int i = 0; i < 10; ++i) arbiter.add_time(1, std::chrono::seconds(1));
  arbiter.wake(2);
  arbiter.add_time(2, std::chrono::milliseconds(1100));
  CHECK(arbiter.is_before(1, 2));
  arbiter.begin(3, 1);
  CHECK(arbiter.is_before(3, 1));
  CHECK_FALSE(arbiter.is_before(2, 3));
  arbiter.add_time(3, std::chrono::hours(1));
  arbiter.begin(4, 0);  // what 3 has had is nothing to a call of another priority
  arbiter.add_time(4, std::chrono::seconds(30));
  CHECK(arbiter.is_before(1, 4));
  arbiter.begin(5, 0);
  CHECK_FALSE(arbiter.is_before(4, 5));
  arbiter.end(3);
  CHECK_FALSE(arbiter.is_before(3, 1));
}

TEST_CASE("an order to split is for one chunk, and is over once that was split or has ended") {
  core::worker<nothing> worker;
  worker.begin(1);
  worker.on_grant(0, {1, false, 7, {0, 1}}, {});
  worker.on_split(0, {1, 7});
  worker.on_split(0, {1, 8});  // of a chunk that has ended
  CHECK_FALSE(worker.split_wanted());
  REQUIRE(worker.start()->id == 7);
  CHECK(worker.split_wanted());
  const auto part = worker.split_off(false);
  REQUIRE(part);
  CHECK_FALSE(part->is_cut);
  CHECK(worker.split_wanted());
  const auto split = worker.split_off(true);
  REQUIRE(split);
  CHECK(split->chunk == 7);
  CHECK(split->item == 0);
  CHECK_FALSE(worker.split_wanted());
  worker.on_split(0, {1, 7});
  CHECK(worker.split_wanted());
  SECTION("it ends") {
    CHECK(worker.done(1, {}, false));
    CHECK_FALSE(worker.finish());
    CHECK_FALSE(worker.split_wanted());
    worker.on_grant(0, {1, false, 9, {1, 1}}, {});
    REQUIRE(worker.start());
    CHECK_FALSE(worker.split_wanted());
  }
  SECTION("it is taken away: nothing of it is this rank's to give") {
    worker.begin_incarnation(1);
    CHECK_FALSE(worker.split_off(true));
    CHECK_FALSE(worker.split_off(false));
  }
}
