// SPDX-License-Identifier: MIT
// The scheduler against chance: random clusters, delays, reorderings and faults, each from one
// seed. Each run must end with every item taken exactly once. RANKWISE_TEST_SEED=N runs that one
// alone.
#include <rankwise/random.hpp>
#include <rankwise/transport/sim.hpp>

#include "catch.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using rankwise::core::duration;
using rankwise::core::item_range;
using rankwise::transport::sim;
using rankwise::transport::sim_fault;
using rankwise::transport::sim_options;
using rankwise::transport::sim_report;

namespace {

constexpr std::array schedules{rankwise::schedule_kind::static_blocks,
                               rankwise::schedule_kind::self,
                               rankwise::schedule_kind::guided,
                               rankwise::schedule_kind::factoring,
                               rankwise::schedule_kind::adaptive};

class dice {
 public:
  explicit dice(std::uint64_t seed) : stream_(seed, 0) {}

  std::uint64_t up_to(std::uint64_t limit) { return stream_() % (limit + 1); }

  bool one_in(std::uint64_t n) { return up_to(n - 1) == 0; }

 private:
  rankwise::random_stream stream_;
};

/// A time that depends on the item alone; costs differ up to a thousandfold.
duration item_time(std::uint64_t seed, std::uint64_t index, std::uint64_t shape) {
  rankwise::random_stream stream(seed, index + 1);
  const duration least = 1us;
  if (shape == 0) return least;
  if (shape == 1) return least * (1 + static_cast<int>(stream() % 1000));
  return stream() % 50 == 0 ? 1000 * least : least;
}

sim_options random_cluster(std::uint64_t seed, bool with_faults) {
  dice roll(seed);
  sim_options options;
  options.seed = seed;
  options.call.n_ranks = static_cast<std::uint32_t>(2 + roll.up_to(63));  // 1 to 64 workers
  options.call.n_items = roll.one_in(20) ? roll.up_to(2) : roll.up_to(400);
  options.call.schedule = schedules[roll.up_to(schedules.size() - 1)];
  options.call.chunk = roll.one_in(3) ? 1 + roll.up_to(6) : 0;
  options.call.message_cost = duration(static_cast<int>(roll.up_to(3000)));
  options.latency = duration(static_cast<int>(roll.up_to(200'000)));
  options.jitter = duration(static_cast<int>(roll.up_to(500'000)));
  options.report_interval = duration(static_cast<int>(20'000 + roll.up_to(1'000'000)));
  options.give_up_at = 60s;
  options.settle = roll.one_in(4);
  const std::uint64_t shape = roll.up_to(2);
  options.item_time = [seed, shape](std::uint64_t index) { return item_time(seed, index, shape); };
  const std::uint64_t slow = 1 + roll.up_to(9);
  options.speed = [slow](rankwise::rank_id rank) {
    return rankwise::to_index(rank) % 3 == 0 ? 1.0 / static_cast<double>(slow) : 1.0;
  };
  if (roll.one_in(3)) {  // some tasks throw, once or twice
    options.call.retries = 2;
    options.fails = [seed](std::uint64_t index, std::uint32_t attempt) {
      rankwise::random_stream stream(seed, index + 1'000'000);
      return attempt < stream() % 3;
    };
  }
  if (!with_faults) return options;
  // Shorter than some freezes and cuts: ranks are given up that live, and come back.
  options.call.lease = duration(static_cast<int>(3'000'000 + roll.up_to(3'000'000)));
  const std::uint64_t n_faults = roll.up_to(options.call.n_ranks);
  for (std::uint64_t i = 0; i < n_faults; ++i) {
    sim_fault fault;
    fault.rank =
        rankwise::rank_id{static_cast<std::int32_t>(1 + roll.up_to(options.call.n_ranks - 2))};
    fault.at = duration(static_cast<int>(roll.up_to(20'000'000)));
    fault.until = fault.at + duration(static_cast<int>(roll.up_to(30'000'000)));
    fault.what = static_cast<sim_fault::kind>(roll.up_to(2));
    // One rank at least survives.
    if (fault.what == sim_fault::kind::kill && fault.rank == rankwise::rank_id{1})
      fault.what = sim_fault::kind::freeze;
    options.faults.push_back(fault);
  }
  return options;
}

/// What is wrong with one run; empty where nothing is.
std::string run_and_check(const sim_options& options, sim_report& report) {
  std::vector<std::uint32_t> taken(options.call.n_items);
  std::uint64_t n_failures = 0;
  sim cluster(options, [&](item_range items, rankwise::rank_id, bool failed) {
    for (std::uint64_t index = items.first; index != items.end(); ++index) ++taken.at(index);
    n_failures += failed ? 1 : 0;
  });
  report = cluster.run();
  if (!report.done) return "it did not end";
  if (cluster.coordinator().n_finished() != options.call.n_items)
    return "the items were not all finished";
  if (n_failures != 0) return "a task that succeeds on its last try was reported as failed";
  // A result that was taken and not settled when its rank was lost is taken again from another.
  const std::uint32_t at_most = options.settle && report.n_lost != 0 ? 1000 : 1;
  for (std::size_t index = 0; index < taken.size(); ++index) {
    if (taken[index] == 0) return "item " + std::to_string(index) + " was never taken";
    if (taken[index] > at_most)
      return "item " + std::to_string(index) + " was taken more than once";
  }
  return {};
}

void check_seeds(std::uint64_t first, std::uint64_t count, bool with_faults) {
  const char* const one = std::getenv("RANKWISE_TEST_SEED");
  if (one != nullptr) {
    first = std::strtoull(one, nullptr, 10);
    count = 1;
  }
  std::uint64_t n_lost = 0;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    sim_report report;
    const std::string wrong = run_and_check(random_cluster(seed, with_faults), report);
    n_lost += report.n_lost;
    if (!wrong.empty()) {
      INFO("RANKWISE_TEST_SEED=" << seed);
      CHECK(wrong == "");
    }
  }
  // The faults must have had their effect, or nothing was proved.
  if (one == nullptr) CHECK((n_lost > count / 2) == with_faults);
}

}  // namespace

TEST_CASE("10,000 random schedules of delays and reorderings") {
  check_seeds(1, 10'000, false);
}

TEST_CASE("10,000 random schedules with ranks killed, frozen and cut off") {
  check_seeds(100'001, 10'000, true);
}

TEST_CASE("the same options give the same run") {
  for (const std::uint64_t seed : {11U, 100'012U}) {
    sim_report first;
    sim_report second;
    const bool with_faults = seed > 100'000;
    CHECK(run_and_check(random_cluster(seed, with_faults), first) == "");
    CHECK(run_and_check(random_cluster(seed, with_faults), second) == "");
    CHECK(first.makespan == second.makespan);
    CHECK(first.n_messages == second.n_messages);
  }
}

TEST_CASE("a task that throws to the end stops the call, or is one of several failures") {
  for (const bool stop : {true, false}) {
    for (const std::uint32_t n_workers : {1U, 2U, 3U, 5U, 8U, 64U}) {
      sim_options options;
      options.call.n_ranks = n_workers + 1;
      options.call.n_items = 500;
      options.call.stop_on_failure = stop;
      options.call.retries = 1;
      options.item_time = [](std::uint64_t) { return duration(10'000); };
      options.fails = [](std::uint64_t index, std::uint32_t) { return index % 100 == 50; };
      std::vector<std::uint64_t> failed;
      std::uint64_t n_done = 0;
      sim cluster(options, [&](item_range items, rankwise::rank_id, bool is_failure) {
        if (is_failure) failed.push_back(items.first);
        n_done += is_failure ? 0 : items.count;
      });
      const sim_report report = cluster.run();
      CHECK(report.done);
      CHECK(cluster.coordinator().cancelled() == stop);
      std::sort(failed.begin(), failed.end());
      if (stop) {
        CHECK(failed.size() == 1);
      } else {
        CHECK(failed == std::vector<std::uint64_t>{50, 150, 250, 350, 450});
        CHECK(n_done == 495);
      }
    }
  }
}

TEST_CASE("a job whose ranks are all dead does not end") {
  sim_options options;
  options.call.n_ranks = 3;
  options.call.n_items = 100;
  options.call.lease = 1ms;
  options.item_time = [](std::uint64_t) { return duration(1ms); };
  options.faults = {{.rank = rankwise::rank_id{1}, .at = 5ms, .until = {}},
                    {.rank = rankwise::rank_id{2}, .at = 5ms, .until = {}}};
  options.give_up_at = 1s;
  sim cluster(options);
  const sim_report report = cluster.run();
  CHECK_FALSE(report.done);
  CHECK(report.n_lost >= 2);
}
