// SPDX-License-Identifier: MIT
#include <rankwise/random.hpp>
#include <rankwise/sim/core_run.hpp>

#include "catch.hpp"

#include <cmath>
#include <cstdint>

using rankwise::core::duration;
using rankwise::sim::core_run;
using rankwise::sim::core_run_options;
using rankwise::sim::core_run_report;

namespace {

core_run_options exponential(std::uint32_t n_workers, std::uint64_t n_items, double mean_seconds) {
  core_run_options options;
  options.call.n_ranks = n_workers + 1;
  options.call.n_items = n_items;
  options.item_time = [mean_seconds](std::uint64_t index) {
    rankwise::random_stream stream(2026, index);
    const double uniform = (stream() + 0.5) / 4294967296.0;
    return duration(static_cast<duration::rep>(-std::log(uniform) * mean_seconds * 1e9));
  };
  return options;
}

}  // namespace

TEST_CASE("adaptive keeps ranks of any number busy with tasks of unequal length") {
  for (const std::uint32_t n_workers : {1U, 2U, 3U, 5U, 8U, 64U, 1000U}) {
    core_run cluster(exponential(n_workers, 400ULL * n_workers, 0.1));
    const core_run_report report = cluster.run();
    INFO(n_workers << " ranks");
    CHECK(report.done);
    CHECK(report.efficiency(n_workers) > 0.96);
  }
}

TEST_CASE("adaptive gives a slow rank its share and no more") {
  core_run_options options = exponential(2, 4000, 0.001);
  options.speed = [](rankwise::rank_id rank) {
    return rank == rankwise::rank_id{2} ? 1.0 / 3 : 1.0;
  };
  double work_seconds = 0;
  for (std::uint64_t index = 0; index < 4000; ++index)
    work_seconds += 1e-9 * static_cast<double>(options.item_time(index).count());
  core_run cluster(options);
  const core_run_report report = cluster.run();
  const double ideal_seconds = work_seconds / (1 + 1.0 / 3);
  CHECK(report.done);
  CHECK(1e-9 * static_cast<double>(report.makespan.count()) < 1.03 * ideal_seconds);
}

TEST_CASE("short tasks are sent in chunks that hide the round trip") {
  core_run_options options = exponential(8, 1'000'000, 1e-6);
  core_run cluster(options);
  const core_run_report report = cluster.run();
  CHECK(report.done);
  CHECK(report.efficiency(8) > 0.9);
  CHECK(report.n_messages < 20'000);
}
