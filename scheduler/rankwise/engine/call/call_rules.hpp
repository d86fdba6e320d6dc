// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/coordinator_options.hpp>
#include <rankwise/core/types.hpp>
#include <rankwise/engine/call/call_header.hpp>
#include <rankwise/engine/call/root_call.hpp>
#include <rankwise/error.hpp>
#include <rankwise/options.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <vector>

namespace rankwise::engine {

/// What the options of a user mean for the coordinator of a call of `n_items`; `hosts` has the
/// number of the host of each rank of the job.
inline core::coordinator_options to_coordinator_options(const options& how,
                                                        std::uint64_t n_items,
                                                        core::placement place,
                                                        const std::vector<std::uint32_t>& hosts) {
  const auto n_ranks = static_cast<std::uint32_t>(hosts.size());
  core::coordinator_options options;
  options.place = place;
  options.n_items = n_items;
  options.n_ranks = how.max_ranks == 0 ? n_ranks : std::min(how.max_ranks, n_ranks);
  options.first_worker = how.root_works || options.n_ranks == 1 ? 0 : 1;
  options.schedule = how.schedule;
  options.chunk = how.chunk;
  options.retries = how.on_error == on_error_kind::retry ? how.retries : 0;
  options.stop_on_failure = how.on_error != on_error_kind::collect;
  // As bench/dispatch measures it; larger clusters get longer chunks for it.
  options.message_cost = std::chrono::microseconds(1);
  options.speculate = how.speculate;
  options.losses_at_most = 3;
  options.at_most = how.at_most;
  options.at_most_on_host = how.at_most_on_host;
  if (how.at_most_on_host != 0) options.hosts = hosts;
  return options;
}

/// What other ranks are told of a call.
inline call_header header_of(const root_call& call,
                             const options& how,
                             const core::coordinator_options& asked,
                             core::duration task_limit) {
  call_header sent;
  sent.name_hash = call.name_hash();
  sent.seed = how.seed;
  sent.number = call.number();
  sent.report_interval = std::max<core::duration>(std::chrono::milliseconds(100),
                                                  8 * asked.message_cost * asked.n_ranks);
  // A loss may stay unnoticed for that long: what is computed anew is little against it.
  sent.checkpoint_interval = asked.lease / 10;
  sent.task_limit = task_limit;
  sent.threads = how.threads;
  sent.priority = how.priority;
  sent.is_isolated = how.isolate;
  return sent;
}

/// Throws: config_error for a task limit that nobody can keep.
inline void require_task_limit(const options& how, std::uint32_t n_ranks, bool survives) {
  const std::uint32_t n_used = how.max_ranks == 0 ? n_ranks : std::min(how.max_ranks, n_ranks);
  if (how.task_limit_s == 0 || how.isolate || (survives && n_used > 1)) return;
  throw config_error(
      n_used > 1 ? "--task-limit: found a job that rankrun has not started (or an MPI without "
                   "threads), accepted: rankrun -n N, or --isolate"
                 : "--task-limit: found one rank, accepted: two at least, since the first can't "
                   "stop its own tasks, or --isolate");
}

/// Throws: std::logic_error: the call `name` was made by a task.
[[noreturn]] inline void refuse_in_task(const char* name) {
  throw std::logic_error(fmt::format(
      "{} was called from inside a task: a task can't hand out tasks; return what is to be done, "
      "and call {} from the body",
      name,
      name));
}

/// Throws: config_error: another thread than the body's has made the call `name`, under an MPI that
/// allows that to one thread alone.
[[noreturn]] inline void refuse_other_thread(const char* name) {
  throw config_error(
      fmt::format("{}: found a thread that is not the body's own, and an MPI that gives no "
                  "MPI_THREAD_SERIALIZED; accepted: calls from the body's own thread",
                  name));
}

/// Throws: config_error where the call `name` of another thread than the body's, which has no order
/// among the calls, would need one.
inline void require_call_name(const root_call& call, const options& how, const char* name) {
  if (!how.name.empty() || (how.journal.empty() && !call.may_draw())) return;
  throw config_error(fmt::format(
      "{}: found a call without a name on a thread that is not the body's own, {}; accepted: "
      "pool.named(\"...\"), since such calls have no order",
      name,
      how.journal.empty() ? "whose tasks take a task_context and so may ask for random numbers"
                          : "to be journaled"));
}

/// Throws: config_error where items of the call `name`, which may not run again, are to be.
inline void refuse_retry_of(const char* name, const options& how) {
  if (how.on_error != on_error_kind::retry) return;
  throw config_error(
      fmt::format("--on-error retry: {} can't take back what a task has left on its rank before it "
                  "threw; accepted here: stop, collect",
                  name));
}

/// Throws: config_error where tasks of the call `name`, which leave something on their rank, are to
/// run in processes of their own.
inline void refuse_isolation_of(const char* name, const options& how) {
  if (!how.isolate) return;
  throw config_error(
      fmt::format("--isolate: found {}, accepted: map, for_each and reduce, whose tasks leave "
                  "nothing on their rank",
                  name));
}

/// Throws: config_error where the call `name`, which runs on all ranks at once, is to run on few of
/// them.
inline void refuse_limit_of(const char* name, const options& how) {
  if (how.at_most == 0 && how.at_most_on_host == 0) return;
  throw config_error(
      fmt::format("options::at_most{}: found {}, which runs on all ranks at once; accepted: map, "
                  "for_each, reduce, find_first, submit and map_reduce, or options::max_ranks",
                  how.at_most == 0 ? "_on_host" : "",
                  name));
}

/// Throws: config_error where the call `name`, which can't be journaled, is to be.
inline void refuse_journal_of(const char* name, const options& how) {
  if (how.journal.empty()) return;
  throw config_error(fmt::format(
      "--journal: found {}, accepted: map, for_each and reduce, whose items are independent",
      name));
}

}  // namespace rankwise::engine
