// SPDX-License-Identifier: MIT
// The scheduler against chance: random clusters, delays, reorderings and faults, each from one
// seed. Each run must end with every item counted exactly once. RANKWISE_TEST_SEED=N runs that one
// alone, RANKWISE_TEST_SCHEDULES=N so many with faults, and so many without.
#include <rankwise/random.hpp>
#include <rankwise/sim/core_run.hpp>

#include "catch.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

using namespace std::chrono_literals;
using rankwise::core::duration;
using rankwise::core::item_range;
using rankwise::sim::core_fault;
using rankwise::sim::core_run;
using rankwise::sim::core_run_options;
using rankwise::sim::core_run_report;

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

/// The root and all others stop at `at`, and go on after `length`: a suspended job.
void freeze_all(core_run_options& options, duration at, duration length) {
  for (std::uint32_t row = 0; row < options.call.n_ranks; ++row) {
    options.faults.push_back({.what = core_fault::kind::freeze,
                              .rank = rankwise::to_rank(row),
                              .at = at,
                              .until = at + length});
  }
}

core_run_options random_cluster(std::uint64_t seed, bool with_faults) {
  dice roll(seed);
  core_run_options options;
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
  options.call.speculate = roll.one_in(4);
  dice bounds(seed + 5'000'000);
  if (bounds.one_in(4))
    options.call.at_most = static_cast<std::uint32_t>(1 + bounds.up_to(bounds.one_in(2) ? 1 : 20));
  if (bounds.one_in(4)) {
    options.call.at_most_on_host = static_cast<std::uint32_t>(1 + bounds.up_to(2));
    const std::uint64_t n_hosts = 1 + bounds.up_to(5);
    for (std::uint32_t row = 0; row < options.call.n_ranks; ++row)
      options.call.hosts.push_back(static_cast<std::uint32_t>(bounds.up_to(n_hosts - 1)));
  }
  if (!with_faults) return options;
  // Shorter than some freezes and cuts: ranks are given up that live, and come back.
  options.call.lease = duration(static_cast<int>(3'000'000 + roll.up_to(3'000'000)));
  const std::uint64_t n_faults = roll.up_to(options.call.n_ranks);
  for (std::uint64_t i = 0; i < n_faults; ++i) {
    core_fault fault;
    fault.rank =
        rankwise::rank_id{static_cast<std::int32_t>(1 + roll.up_to(options.call.n_ranks - 2))};
    fault.at = duration(static_cast<int>(roll.up_to(20'000'000)));
    fault.until = fault.at + duration(static_cast<int>(roll.up_to(30'000'000)));
    fault.what = static_cast<core_fault::kind>(roll.up_to(3));
    options.faults.push_back(fault);
  }
  options.call.losses_at_most = roll.one_in(2) ? 3 : 0;
  if (options.call.losses_at_most != 0 && roll.one_in(3)) {
    options.call.stop_on_failure = false;
    const std::uint64_t one_of = 50 + roll.up_to(200);
    options.kills = [seed, one_of](std::uint64_t index) {
      rankwise::random_stream stream(seed, index + 2'000'000);
      return stream() % one_of == 0;
    };
  }
  if (roll.one_in(4)) {
    const auto at = duration(static_cast<int>(roll.up_to(20'000'000)));
    const auto length = duration(static_cast<int>(roll.up_to(30'000'000)));
    freeze_all(options, at, length);
    if (roll.one_in(2)) options.faults.resize(options.faults.size() - options.call.n_ranks + 1);
  }
  return options;
}

/// What became of one item.
struct fate {
  std::uint32_t n_taken = 0;
  std::uint32_t n_failed = 0;
};

/// What is wrong with the fate of an item; empty where nothing is.
std::string_view judge(const core_run_options& options, std::uint64_t index, fate found) {
  if (found.n_taken == 0 && found.n_failed == 0) return "was never counted";
  if (found.n_failed > 1) return "was reported as failed more than once";
  if (found.n_taken + found.n_failed > 1) return "was taken more than once";
  const bool is_fatal = options.kills && options.kills(index);
  if (is_fatal && found.n_taken != 0) return "was taken, and ends every rank that runs it";
  if (is_fatal && found.n_failed == 0) return "ends every rank, and was not reported";
  const bool may_fail = options.call.losses_at_most != 0;
  if (!may_fail && found.n_failed != 0) return "succeeds on its last try, and was reported";
  return {};
}

/// What is wrong with one run; empty where nothing is.
std::string run_and_check(const core_run_options& options, core_run_report& report) {
  std::vector<fate> fates(options.call.n_items);
  core_run cluster(options, [&](item_range items, rankwise::rank_id, bool failed) {
    for (std::uint64_t index = items.first; index != items.end(); ++index)
      ++(failed ? fates.at(index).n_failed : fates.at(index).n_taken);
  });
  report = cluster.run();
  if (report.root_died) {
    // It tries what has cost one rank, where no other is left.
    return cluster.coordinator().n_active() == 1 ? "" : "the root ran what ends ranks";
  }
  if (!report.done) return "it did not end";
  if (options.call.at_most != 0 && report.most_at_once > options.call.at_most)
    return "more ranks worked at once than may";
  if (options.call.at_most_on_host != 0 && report.most_on_host > options.call.at_most_on_host)
    return "more ranks of a host worked at once than may";
  if (cluster.coordinator().cancelled()) {
    return options.call.losses_at_most != 0 ? "" : "it was cancelled";
  }
  if (cluster.coordinator().n_finished() != options.call.n_items)
    return "the items were not all finished";
  for (std::size_t index = 0; index < fates.size(); ++index) {
    const std::string_view wrong = judge(options, index, fates[index]);
    if (!wrong.empty()) return "item " + std::to_string(index) + " " + std::string(wrong);
  }
  return {};
}

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* const text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

void check_seeds(std::uint64_t first, std::uint64_t count, bool with_faults) {
  const bool is_one = std::getenv("RANKWISE_TEST_SEED") != nullptr;
  count = is_one ? 1 : number_from("RANKWISE_TEST_SCHEDULES", count);
  first = number_from("RANKWISE_TEST_SEED", first);
  constexpr int enough = 10;  // of what is wrong: a run that does not end takes long
  int n_wrong = 0;
  std::uint64_t n_lost = 0;
  for (std::uint64_t seed = first; seed < first + count && n_wrong < enough; ++seed) {
    core_run_report report;
    const std::string wrong = run_and_check(random_cluster(seed, with_faults), report);
    n_lost += report.n_lost;
    if (!wrong.empty()) {
      ++n_wrong;
      INFO("RANKWISE_TEST_SEED=" << seed);
      CHECK(wrong == "");
    }
  }
  // The faults must have had their effect, or nothing was proved.
  if (!is_one && n_wrong == 0) CHECK((n_lost > count / 2) == with_faults);
}

}  // namespace

TEST_CASE("10,000 random schedules of delays and reorderings") {
  check_seeds(1, 10'000, false);
}

TEST_CASE("50,000 random schedules with ranks killed, frozen, slowed and cut off") {
  check_seeds(100'001, 50'000, true);
}

TEST_CASE("5,000 random schedules with ranks and root suspended together, which loses nobody") {
  const bool is_one = std::getenv("RANKWISE_TEST_SEED") != nullptr;
  const std::uint64_t first = number_from("RANKWISE_TEST_SEED", 200'001);
  const std::uint64_t count = is_one ? 1 : number_from("RANKWISE_TEST_SCHEDULES", 5000);
  std::uint64_t n_suspended = 0;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    dice roll(seed + 1'000'000);
    core_run_options options = random_cluster(seed, false);
    options.call.lease = duration(static_cast<int>(10'000'000 + roll.up_to(10'000'000)));
    duration at{};
    const std::uint64_t n_times = 1 + roll.up_to(3);
    for (std::uint64_t i = 0; i < n_times; ++i) {
      at += duration(static_cast<int>(roll.up_to(5'000'000)));
      const duration length = options.call.lease * (1 + static_cast<int>(roll.up_to(4)));
      freeze_all(options, at, length);
      at += length;
    }
    core_run_report report;
    INFO("RANKWISE_TEST_SEED=" << seed);
    REQUIRE(run_and_check(options, report) == "");
    REQUIRE(report.n_lost == 0);
    n_suspended += report.makespan > options.call.lease ? 1 : 0;
  }
  if (!is_one) CHECK(n_suspended > count / 4);
}

TEST_CASE("the same options give the same run") {
  for (const std::uint64_t seed : {11U, 100'012U}) {
    core_run_report first;
    core_run_report second;
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
      core_run_options options;
      options.call.n_ranks = n_workers + 1;
      options.call.n_items = 500;
      options.call.stop_on_failure = stop;
      options.call.retries = 1;
      options.item_time = [](std::uint64_t) { return duration(10'000); };
      options.fails = [](std::uint64_t index, std::uint32_t) { return index % 100 == 50; };
      std::vector<std::uint64_t> failed;
      std::uint64_t n_done = 0;
      core_run cluster(options, [&](item_range items, rankwise::rank_id, bool is_failure) {
        if (is_failure) failed.push_back(items.first);
        n_done += is_failure ? 0 : items.count;
      });
      const core_run_report report = cluster.run();
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

TEST_CASE("a job whose ranks are all dead is finished by the root") {
  core_run_options options;
  options.call.n_ranks = 3;
  options.call.n_items = 100;
  options.call.lease = 1ms;
  options.item_time = [](std::uint64_t) { return duration(1ms); };
  options.faults = {{.rank = rankwise::rank_id{1}, .at = 5ms, .until = {}},
                    {.rank = rankwise::rank_id{2}, .at = 5ms, .until = {}}};
  options.give_up_at = 1s;
  core_run_report report;
  CHECK(run_and_check(options, report) == "");
  CHECK(report.done);
  CHECK(report.n_lost == 2);
}

TEST_CASE("an item that ends every rank costs three of them, and is reported") {
  for (const std::uint32_t n_workers : {4U, 5U, 8U, 64U}) {
    for (const rankwise::schedule_kind schedule : schedules) {
      core_run_options options;
      options.call.n_ranks = n_workers + 1;
      options.call.n_items = 1000;
      options.call.schedule = schedule;
      options.call.lease = 5ms;
      options.call.losses_at_most = 3;
      options.call.stop_on_failure = false;
      options.item_time = [](std::uint64_t) { return duration(100us); };
      options.kills = [](std::uint64_t index) { return index == 500; };
      std::vector<std::uint64_t> failed;
      std::uint64_t n_taken = 0;
      core_run cluster(options, [&](item_range items, rankwise::rank_id, bool is_failure) {
        if (is_failure) failed.push_back(items.first);
        n_taken += is_failure ? 0 : items.count;
      });
      CHECK(cluster.run().done);
      CHECK(failed == std::vector<std::uint64_t>{500});
      CHECK(n_taken == 999);
      CHECK(cluster.coordinator().n_active() == n_workers - 3);
    }
  }
}

TEST_CASE("with speculation a job does not wait for a slow rank") {
  duration makespan[2];
  for (const bool speculate : {false, true}) {
    core_run_options options;
    options.call.n_ranks = 5;
    options.call.n_items = 40;
    options.call.schedule = rankwise::schedule_kind::self;
    options.call.speculate = speculate;
    options.item_time = [](std::uint64_t) { return duration(10ms); };
    options.speed = [](rankwise::rank_id rank) { return rankwise::to_index(rank) == 1 ? 0.02 : 1; };
    core_run_report report;
    CHECK(run_and_check(options, report) == "");
    makespan[speculate ? 1 : 0] = report.makespan;
  }
  CHECK(makespan[0] > 500ms);
  CHECK(makespan[1] < 160ms);
}
