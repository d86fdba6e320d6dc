// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/coordinator.hpp>
#include <rankwise/core/types.hpp>
#include <rankwise/engine/typed_calls.hpp>
#include <rankwise/observe/statistics.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>

namespace rankwise::engine {

/// `before`, and the call that `coordinator` hands out, so far: it began at `begun`, and it is `at`
/// now.
inline job_statistics with_call(const job_statistics& before,
                                const core::coordinator& coordinator,
                                const root_call& call,
                                core::duration begun,
                                core::duration at) {
  const auto seconds = [](core::duration time) {
    return std::chrono::duration<double>(time).count();
  };
  const core::coordinator_options& how = coordinator.options();
  const call_figures figures = call.figures().value_or(call_figures{
      coordinator.n_finished(), how.n_items, coordinator.n_failed(), seconds(coordinator.busy())});
  job_statistics all = before;
  all.calls += 1;
  all.items_done += figures.items_done;
  all.items_held += coordinator.n_held();
  all.items_total += figures.items_total;
  all.failures += figures.failures;
  all.elapsed_s += seconds(at - begun);
  all.task_s += figures.task_s;
  all.ranks = std::max(all.ranks, how.n_ranks - how.first_worker);
  all.ranks_at_work = coordinator.n_at_work();
  return all;
}

/// The same for a call that is over: also what its ranks waited for.
inline job_statistics with_whole_call(const job_statistics& before,
                                      const core::coordinator& coordinator,
                                      const root_call& call,
                                      core::duration begun,
                                      core::duration at) {
  const auto seconds = [](core::duration time) {
    return std::chrono::duration<double>(time).count();
  };
  const core::coordinator_options& how = coordinator.options();
  job_statistics all = with_call(before, coordinator, call, begun, at);
  for (std::size_t row = how.first_worker; row < how.n_ranks; ++row) {
    const core::rank_record& record = coordinator.record(to_rank(row));
    const bool worked = record.items_done != 0;
    all.start_idle_s += seconds(worked ? record.first_start - begun : at - begun);
    if (worked) all.tail_idle_s += seconds(at - record.last_done);
  }
  return all;
}

}  // namespace rankwise::engine
