// SPDX-License-Identifier: MIT
// Streams in a simulated job.
#pragma once

#include <rankwise/pool.hpp>
#include <rankwise/stream.hpp>

#include "schedule/call_judge.hpp"
#include "schedule/plan.hpp"
#include "schedule/situation.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace rankwise::test {

/// Makes a stream: slow sources and sinks, in order or not, some of which end early. Returns
/// whether the sink gets what it should.
inline bool stream_is_right(const pool& ranks, std::uint32_t number, situation& here) {
  const call_plan& plan = here.plan->calls[number];
  transport::machine& machine = here.job->machine(root_rank);
  const bool in_order = plan.how.seed % 2 == 0 || plan.ends_early();
  const auto wait = [&](std::uint64_t item) {
    if ((item + number) % 5 == 0) machine.sleep(plan.longest_task / 4);
  };
  std::vector<std::uint64_t> n_given(plan.n_items);
  std::uint64_t n = 0;
  std::uint64_t n_between = 0;  // source and sink
  bool is_right = true;
  const std::uint64_t in_flight = plan.how.seed % 4 == 0 ? 3 : 0;
  const std::uint64_t end = plan.ends_early() ? call_judge::first_found(plan) : plan.n_items;
  auto source = [&, next = std::uint64_t{0}]() mutable -> std::optional<std::uint64_t> {
    if (plan.how.seed % 5 == 0) wait(next);
    is_right = is_right && (++n_between <= in_flight || in_flight == 0);
    return next == plan.n_items ? std::nullopt : std::optional(next++);
  };
  const auto sink = [&](std::uint64_t item, std::uint64_t value) {
    if (plan.how.seed % 7 == 0) wait(item);
    --n_between;
    is_right =
        is_right && value == value_of(item) && n_given[item]++ == 0 && (!in_order || item >= n);
    n = item + 1;
    return item != end;
  };
  const stream_report done = ranks.stream(
      source, value_task{number}, sink, {.in_flight = in_flight, .in_order = in_order});
  const std::uint64_t n_due = end == plan.n_items ? plan.n_items : end + 1;
  return is_right && done.n_delivered == n_due && done.n_read >= n_due &&
         done.n_read <= plan.n_items;
}

}  // namespace rankwise::test
