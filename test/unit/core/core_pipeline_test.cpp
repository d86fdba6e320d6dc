// SPDX-License-Identifier: MIT
#include <rankwise/core/pipeline_node.hpp>
#include <rankwise/core/pipeline_root.hpp>
#include <rankwise/core/pipeline_route.hpp>
#include <rankwise/pipeline/message.hpp>

#include "catch.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

using namespace std::chrono_literals;
using rankwise::rank_id;
using rankwise::root_rank;
using rankwise::core::parcel;
using rankwise::core::pipeline_layout;
using rankwise::core::pipeline_node;
using rankwise::core::pipeline_root;
using rankwise::core::pipeline_route;

namespace {

constexpr rank_id one{1};
constexpr rank_id two{2};
constexpr rank_id three{3};

/// Where the route sends what it holds, until it sends no more.
std::vector<rank_id> sent(pipeline_route<int>& route) {
  std::vector<rank_id> to;
  while (const auto out = route.next()) to.push_back(out->to);
  return to;
}

}  // namespace

TEST_CASE("a single replica gets all at once") {
  pipeline_route<int> route({two});
  for (std::uint64_t item = 0; item < 100; ++item) route.put({0, item, 7, false});
  CHECK(sent(route) == std::vector(100, two));
}

TEST_CASE("of several replicas none gets more than two items before it has begun one") {
  pipeline_route<int> route({one, two, three});
  for (std::uint64_t item = 0; item < 100; ++item) route.put({0, item, 7, false});
  CHECK(sent(route) == std::vector{one, two, three, one, two, three});
  route.begun(two, 0ns);
  CHECK(sent(route) == std::vector{two});
  CHECK(route.n_waiting() == 93);
}

TEST_CASE("a replica that is three times as fast has three times as many items ahead") {
  pipeline_route<int> route({one, two});
  for (std::uint64_t item = 0; item < 1000; ++item) route.put({0, item, 7, false});
  std::vector<int> ahead(3);
  const auto send_all = [&] {
    for (const rank_id rank : sent(route)) ++ahead[to_index(rank)];
  };
  send_all();
  for (int i = 0; i < 2; ++i) {  // both say how long an item takes
    route.begun(one, 1ms);
    route.begun(two, 3ms);
    --ahead[1], --ahead[2];
    send_all();
  }
  CHECK(ahead[1] == 6);
  CHECK(ahead[2] == 2);
}

TEST_CASE("however fast it is, a replica has 16 items ahead at most") {
  pipeline_route<int> route({one, two});
  for (std::uint64_t item = 0; item < 1000; ++item) route.put({0, item, 7, false});
  sent(route);
  route.begun(one, 1ns);
  route.begun(two, 1s);
  int ahead = 1;
  for (const rank_id rank : sent(route)) ahead += rank == one ? 1 : 0;
  CHECK(ahead == 16);
}

TEST_CASE("a node works on the stage that is furthest on, and hands on to itself at once") {
  pipeline_node<int> node({{{one}, {one}, {two}}}, one);
  node.arrive(root_rank, {0, 0, 1, false});
  node.arrive(root_rank, {0, 1, 2, false});
  auto job = node.next_job();
  REQUIRE(job.has_value());
  CHECK(job->what.item == 0);
  CHECK_FALSE(job->tell_begun);  // nobody asks where there is one replica
  node.hand_on({1, 0, 5, false});
  CHECK_FALSE(node.next_delivery().has_value());
  job = node.next_job();
  REQUIRE(job.has_value());
  CHECK(job->what.stage == 1);
  CHECK(job->what.payload == 5);
  node.hand_on({2, 0, 6, false});
  const auto out = node.next_delivery();
  REQUIRE(out.has_value());
  CHECK(out->to == two);
  CHECK(out->what.stage == 2);
  CHECK(out->what.item == 0);
  CHECK(node.next_job()->what.item == 1);
  CHECK_FALSE(node.next_job().has_value());
}

TEST_CASE("what leaves the last stage goes to the root") {
  pipeline_node<int> node({{{two}}}, two);
  node.hand_on({1, 3, 9, false});
  const auto out = node.next_delivery();
  REQUIRE(out.has_value());
  CHECK(out->to == root_rank);
}

TEST_CASE("a replica tells who sent an item that it has begun it, and how long the last one took") {
  pipeline_node<int> node({{{one, two}}}, two);
  node.arrive(root_rank, {0, 0, 1, false});
  node.arrive(root_rank, {0, 1, 1, false});
  auto job = node.next_job();
  REQUIRE(job.has_value());
  CHECK(job->tell_begun);
  CHECK(job->from == root_rank);
  CHECK(job->last_took == 0ns);
  node.measured(0, 5ms);
  CHECK(node.next_job()->last_took == 5ms);
}

TEST_CASE("the root asks the source while there is room and the first stage takes what comes") {
  pipeline_node<int> node({{{one, two}}}, root_rank);
  pipeline_root<int> root(node, 8);
  int given = 0;
  while (root.wants_item()) {
    root.enter(given++);
    while (node.next_delivery()) {
    }
  }
  CHECK(given == 5);  // two for each replica, and one that waits
  node.begun(one, 0, 0ns);
  CHECK(node.next_delivery().has_value());
  CHECK(root.wants_item());
}

TEST_CASE(
    "results leave in order; a failed item leaves a gap, and the run is over when all are "
    "out") {
  pipeline_node<int> node({{{one, two}}}, root_rank);
  pipeline_root<int> root(node, 3);
  for (int value = 0; value < 3; ++value) {
    CHECK(root.wants_item());
    root.enter(value);
    node.next_delivery();
  }
  CHECK_FALSE(root.wants_item());
  node.arrive(one, {1, 1, 11, false});
  CHECK_FALSE(root.leave().has_value());
  node.arrive(two, {1, 0, 0, true});
  const auto failed_item = root.leave();
  REQUIRE(failed_item.has_value());
  CHECK(failed_item->item == 0);
  CHECK(failed_item->is_failed_item);
  CHECK(root.wants_item());
  CHECK(root.leave()->payload == 11);
  CHECK(root.n_left() == 2);
  CHECK_FALSE(root.is_over());
  root.end_source();
  CHECK_FALSE(root.wants_item());
  CHECK_FALSE(root.is_over());
  node.arrive(two, {1, 2, 12, false});
  CHECK(root.leave()->payload == 12);
  CHECK(root.is_over());
}

TEST_CASE("a stage with one rank gets items in order, replicas as they come") {
  pipeline_node<int> node({{{one, two}, {one}}}, one);
  node.arrive(two, {1, 1, 5, false});
  CHECK_FALSE(node.next_job().has_value());
  node.arrive(root_rank, {0, 7, 5, false});
  node.arrive(root_rank, {0, 4, 5, false});
  CHECK(node.next_job()->what.item == 7);
  CHECK(node.next_job()->what.item == 4);
  node.arrive(two, {1, 0, 0, true});
  CHECK(node.next_job()->what.is_failed_item);
  CHECK(node.next_job()->what.item == 1);
}

TEST_CASE("after a stop nothing comes out") {
  pipeline_node<int> node({{{one}}}, root_rank);
  pipeline_root<int> root(node, 8);
  root.enter(0);
  node.arrive(one, {1, 0, 11, false});
  root.stop();
  CHECK_FALSE(root.leave().has_value());
  CHECK(root.is_over());
}

TEST_CASE("the subject of a letter holds what it is about") {
  using subject = rankwise::engine::pipeline_subject;
  const subject all{subject::kind::failed, 4095, subject::most_items - 1};
  CHECK(all.encode() == 0x3fff'ffff'ffff'ffffULL);
  const subject back = subject::decode(all.encode());
  CHECK(back.what == all.what);
  CHECK(back.stage == all.stage);
  CHECK(back.item == all.item);
}
