// SPDX-License-Identifier: MIT
// Pipelines on simulated clusters: order, bounds, rates, and ranks that are lost.
#include <rankwise/random.hpp>
#include <rankwise/sim/pipeline_run.hpp>

#include "catch.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <numeric>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using rankwise::rank_id;
using rankwise::to_rank;
using rankwise::core::duration;
using rankwise::sim::pipeline_run;
using rankwise::sim::pipeline_run_options;
using rankwise::sim::pipeline_run_report;

namespace {

std::vector<std::uint64_t> numbers(std::uint64_t n) {
  std::vector<std::uint64_t> all(n);
  std::iota(all.begin(), all.end(), 0);
  return all;
}

double items_a_second(const pipeline_run_options& how, const pipeline_run_report& report) {
  return static_cast<double>(how.n_items) / std::chrono::duration<double>(report.makespan).count();
}

}  // namespace

TEST_CASE("a million small items keep their order and bound on 5 ranks") {
  pipeline_run_options how;
  how.n_ranks = 5;
  how.layout = {{{to_rank(0)}, {to_rank(1), to_rank(2)}, {to_rank(3)}, {to_rank(4)}}};
  how.n_items = 1'000'000;
  how.in_flight = 32;
  how.stage_time = [](std::uint32_t, std::uint64_t item, rank_id) {
    return duration(500 + item % 7 * 100);
  };
  how.latency = 2us;
  how.jitter = 1us;
  const pipeline_run_report report = pipeline_run(how).run();
  REQUIRE(report.done);
  CHECK(report.order == numbers(how.n_items));
  CHECK(report.most_in_flight == 32);
}

TEST_CASE("a pipeline is as fast as its slowest stage, with one item for each stage under way") {
  pipeline_run_options how;
  how.n_ranks = 5;
  for (std::uint32_t rank = 0; rank < 5; ++rank) how.layout.stages.push_back({to_rank(rank)});
  how.n_items = 1000;
  how.in_flight = 20;
  how.stage_time = [](std::uint32_t stage, std::uint64_t, rank_id) {
    return duration(stage == 3 ? 2ms : 1ms);
  };
  CHECK(items_a_second(how, pipeline_run(how).run()) == Approx(500).epsilon(0.01));
}

TEST_CASE("transfers go on beside computing") {
  pipeline_run_options how;
  how.n_ranks = 3;
  for (std::uint32_t rank = 0; rank < 3; ++rank) how.layout.stages.push_back({to_rank(rank)});
  how.n_items = 1000;
  how.in_flight = 12;
  how.transfer = 900us;
  how.stage_time = [](std::uint32_t, std::uint64_t, rank_id) { return duration(1ms); };
  CHECK(items_a_second(how, pipeline_run(how).run()) == Approx(1000).epsilon(0.02));
  how.transfer = 2ms;  // now the link bounds
  CHECK(items_a_second(how, pipeline_run(how).run()) == Approx(500).epsilon(0.02));
}

TEST_CASE("replicas of unequal speed reach the sum of their rates") {
  pipeline_run_options how;
  how.n_ranks = 4;
  how.layout.stages = {{to_rank(0), to_rank(1), to_rank(2), to_rank(3)}};
  how.n_items = 4000;
  how.in_flight = 32;
  how.stage_time = [](std::uint32_t, std::uint64_t, rank_id rank) {
    return duration(to_index(rank) % 2 == 0 ? 1ms : 3ms);
  };
  const double sum = 2 * 1000.0 + 2 * 1000.0 / 3;
  const pipeline_run_report report = pipeline_run(how).run();
  CHECK(report.order == numbers(how.n_items));
  CHECK(items_a_second(how, report) > 0.97 * sum);
}

TEST_CASE("a slow sink slows the source") {
  pipeline_run_options how;
  how.n_ranks = 2;
  how.layout.stages = {{to_rank(1)}};
  how.n_items = 500;
  how.in_flight = 6;
  how.sink_time = 1ms;
  how.stage_time = [](std::uint32_t, std::uint64_t, rank_id) { return duration(10us); };
  const pipeline_run_report report = pipeline_run(how).run();
  CHECK(report.order == numbers(how.n_items));
  CHECK(report.most_in_flight <= 6);
  CHECK(report.makespan >= 499ms);  // the last one may still be at it
}

TEST_CASE("stages that fail leave gaps, all else comes out") {
  pipeline_run_options how;
  how.n_ranks = 3;
  how.layout.stages = {{to_rank(0)}, {to_rank(1), to_rank(2)}};
  how.n_items = 1000;
  how.stage_time = [](std::uint32_t, std::uint64_t, rank_id) { return duration(10us); };
  how.fails = [](std::uint32_t stage, std::uint64_t item) { return item % 10 == stage; };
  pipeline_run_report report = pipeline_run(how).run();
  REQUIRE(report.done);
  CHECK(report.order.size() == 800);
  CHECK(std::is_sorted(report.order.begin(), report.order.end()));
  CHECK(report.failed.size() == 200);
}

TEST_CASE("a lost rank ends the run, and the oldest item that is out is known") {
  pipeline_run_options how;
  how.n_ranks = 3;
  how.layout.stages = {{to_rank(1)}, {to_rank(2)}};
  how.n_items = 1000;
  how.in_flight = 8;
  how.stage_time = [](std::uint32_t, std::uint64_t, rank_id) { return duration(1ms); };
  how.killed = to_rank(2);
  how.killed_at = 100ms;
  const pipeline_run_report report = pipeline_run(how).run();
  CHECK_FALSE(report.done);
  REQUIRE(report.lost == to_rank(2));
  CHECK(report.order == numbers(report.oldest_out));
  CHECK(report.oldest_out > 90);
  CHECK(report.oldest_out < 100);
  CHECK(report.makespan == how.killed_at + how.lease);
}

TEST_CASE("random pipelines on random clusters: every item once, in order") {
  const char* const given = std::getenv("RANKWISE_TEST_SEED");
  const std::uint64_t first = given == nullptr ? 1 : std::stoull(given);
  const std::uint64_t last = given == nullptr ? 3000 : first;
  for (std::uint64_t seed = first; seed <= last; ++seed) {
    rankwise::random_stream stream(seed, 0);
    const auto up_to = [&stream](std::uint64_t limit) { return stream() % (limit + 1); };
    pipeline_run_options how;
    how.seed = seed;
    how.n_ranks = static_cast<std::uint32_t>(1 + up_to(7));
    const std::uint64_t n_stages = 1 + up_to(5);
    for (std::uint64_t stage = 0; stage < n_stages; ++stage) {
      std::vector<rank_id> ranks;
      for (std::uint32_t rank = 0; rank < how.n_ranks; ++rank) {
        if (up_to(2) == 0) ranks.push_back(to_rank(rank));
      }
      if (ranks.empty()) ranks.push_back(to_rank(up_to(how.n_ranks - 1)));
      how.layout.stages.push_back(ranks);
    }
    how.n_items = up_to(60);
    how.in_flight = 1 + up_to(20);
    how.latency = duration(static_cast<int>(up_to(100'000)));
    how.jitter = duration(static_cast<int>(up_to(200'000)));
    how.transfer = duration(static_cast<int>(up_to(50'000)));
    how.source_time = duration(static_cast<int>(up_to(20'000)));
    how.sink_time = duration(static_cast<int>(up_to(20'000)));
    how.stage_time = [seed](std::uint32_t stage, std::uint64_t item, rank_id rank) {
      rankwise::random_stream times(seed, item * 100 + stage + 1);
      return duration(static_cast<int>((1 + times() % 50'000) * (1 + to_index(rank) % 3)));
    };
    const bool some_fail = up_to(3) == 0;
    const auto fails = [seed](std::uint32_t stage, std::uint64_t item) {
      rankwise::random_stream chance(seed, 1'000'000 + item * 100 + stage);
      return chance() % 20 == 0;
    };
    if (some_fail) how.fails = fails;
    std::vector<std::uint64_t> expected;
    for (std::uint64_t item = 0; item < how.n_items; ++item) {
      bool fine = true;
      for (std::uint32_t stage = 0; some_fail && stage < n_stages; ++stage)
        fine = fine && !fails(stage, item);
      if (fine) expected.push_back(item);
    }
    const pipeline_run_report report = pipeline_run(how).run();
    INFO("RANKWISE_TEST_SEED=" << seed);
    REQUIRE(report.done);
    REQUIRE(report.order == expected);
    REQUIRE(report.failed.size() == how.n_items - expected.size());
    REQUIRE(report.most_in_flight <= how.in_flight);
  }
}
