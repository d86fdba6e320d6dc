// SPDX-License-Identifier: MIT
// What befalls some schedules besides: ranks that are lost and come back, and journals that are not
// what they were.
#pragma once

#include "schedule/plan.hpp"

#include <chrono>
#include <cstdint>
#include <vector>

namespace rankwise::test {

/// Varies a schedule, by chance that depends on its seed.
class variation {
 public:
  explicit variation(schedule_plan& plan)
      : plan_(plan),
        roll_(~plan.seed),
        open_roll_(plan.seed + (std::uint64_t{1} << 40U)),
        stream_roll_(plan.seed + (std::uint64_t{1} << 41U)),
        bound_roll_(plan.seed + (std::uint64_t{1} << 42U)),
        expand_roll_(plan.seed + (std::uint64_t{1} << 43U)),
        side_roll_(plan.seed + (std::uint64_t{1} << 44U)),
        place_roll_(plan.seed + (std::uint64_t{1} << 45U)) {}

  void make() {
    for (call_plan& one : plan_.calls) {
      if (one.runs_anywhere() && roll_.one_in(8)) become(one, call_kind::find_first);
    }
    if (plan_.has_journal) {
      vary_journal();
    } else if (plan_.survives() && plan_.cluster.n_ranks > 2 && roll_.one_in(6)) {
      bring_back();
    } else if (plan_.survives() && plan_.cluster.n_ranks > 1 && roll_.one_in(12)) {
      add_deadly_item();
    } else if (roll_.one_in(300)) {
      isolate();
    } else if (open_roll_.one_in(3)) {
      open_calls();
    }
    for (call_plan& one : plan_.calls) {
      if (plan_.has_journal) break;
      if (!one.runs_anywhere() || one.kind == call_kind::submit) continue;
      if (stream_roll_.one_in(6)) become(one, call_kind::stream);
      if (one.how.isolate || one.deadly) continue;
      if (expand_roll_.one_in(4)) {
        expand(one);
      } else if (place_roll_.one_in(6)) {
        become(one, call_kind::place);
      }
    }
    bound_calls();
    for (call_plan& one : plan_.calls)
      one.is_beside =
          plan_.cluster.may_change_threads && one.kind != call_kind::submit && side_roll_.one_in(4);
  }

 private:
  /// Some calls become ones that go on while others are made.
  void open_calls() {
    while (plan_.calls.size() < 8 && !open_roll_.one_in(4))
      plan_.calls.push_back(plan_.calls[open_roll_.up_to(plan_.calls.size() - 1)]);
    for (call_plan& one : plan_.calls) {
      one.how.priority = static_cast<std::int32_t>(open_roll_.up_to(2));
      if (!one.runs_anywhere() || one.how.isolate || open_roll_.one_in(3)) continue;
      if (one.kind == call_kind::reduce) one.settles = one.may_refuse = false;
      one.kind = call_kind::submit;
      one.stays_open = !open_roll_.one_in(3);
      if (open_roll_.one_in(4))
        one.cancels_of = static_cast<std::uint32_t>(1 + open_roll_.up_to(9));
    }
  }

  /// Some calls run on few ranks at once.
  void bound_calls() {
    plan_.cluster.n_hosts = static_cast<std::uint32_t>(1 + bound_roll_.up_to(2));
    for (call_plan& one : plan_.calls) {
      if (one.kind == call_kind::pipeline || one.kind == call_kind::on_each_rank) continue;
      if (bound_roll_.one_in(6))
        one.how.at_most = static_cast<std::uint32_t>(1 + bound_roll_.up_to(2));
      if (bound_roll_.one_in(6))
        one.how.at_most_on_host = static_cast<std::uint32_t>(1 + bound_roll_.up_to(1));
    }
  }

  /// Its items are found by tasks, a few times as many.
  void expand(call_plan& call) {
    become(call, call_kind::expand);
    call.settles = call.may_refuse = false;
    call.n_items *= 1 + expand_roll_.up_to(3);
    if (call.how.on_error == on_error_kind::collect) call.how.on_error = on_error_kind::retry;
  }

  /// Ranks are given up in the first call and are back before the next one, in which the others
  /// send them messages of their own.
  void bring_back() {
    call_plan first = plan_.calls.front();
    become(first, static_cast<call_kind>(roll_.up_to(3)));
    first.n_items += 2 * plan_.cluster.n_ranks;
    first.how.max_ranks = 0;
    if (first.kind != call_kind::reduce) first.settles = !roll_.one_in(3);
    if (roll_.one_in(2)) first.settling = roll_.time_up_to(std::chrono::milliseconds(8));
    plan_.calls.front() = first;
    if (plan_.calls.size() == 1) plan_.calls.push_back(first);
    for (std::size_t i = 1; i < plan_.calls.size(); ++i) {
      call_plan& next = plan_.calls[i];
      next.pause = {};
      next.waits_for_lost = true;
      next.how.max_ranks = 0;
      become(next, static_cast<call_kind>(roll_.up_to(7)));
    }
    const core::duration timeout = plan_.cluster.timeout;
    const core::duration call = std::chrono::milliseconds(2) +
                                first.longest_task * first.n_items / (2 * plan_.cluster.n_ranks);
    plan_.faults.clear();
    const std::uint64_t n_faults = 1 + roll_.up_to(1);
    for (std::uint64_t i = 0; i < n_faults; ++i) {
      plan_.faults.push_back({roll_.one_in(3) ? fault_plan::kind::cut : fault_plan::kind::freeze,
                              to_rank(1 + roll_.up_to(plan_.cluster.n_ranks - 2)),
                              first.pause + roll_.time_up_to(call),
                              timeout + roll_.time_up_to(2 * timeout)});
    }
  }

  /// Nothing else befalls such a job.
  void add_deadly_item() {
    plan_.faults.clear();
    for (call_plan& one : plan_.calls) {
      one.long_of = 0;
      one.how.task_limit_s = 0;
      if (!one.runs_anywhere() || one.n_items == 0) continue;
      one.deadly = roll_.up_to(one.n_items - 1);
      one.how.root_works = one.how.speculate = false;
      one.how.max_ranks = 0;
    }
  }

  /// Its tasks run in processes of their own, which takes no simulated time, and milliseconds of
  /// the other.
  void isolate() {
    call_plan& call = plan_.calls.front();
    become(call, static_cast<call_kind>(roll_.up_to(3)));
    call.n_items = 1 + roll_.up_to(9);
    call.settles = call.may_refuse = false;
    call.throws_of = call.long_of = 0;
    call.how.task_limit_s = roll_.one_in(2) ? 10 : 0;
    call.how.isolate = true;
  }

  static void become(call_plan& call, call_kind kind) {
    call.kind = kind;
    call.stays_open = false;
    call.cancels_of = 0;
    if (kind == call_kind::reduce || !call.runs_anywhere()) call.settles = call.may_refuse = false;
    if (call.runs_anywhere()) return;
    call.long_of = 0;
    call.how.task_limit_s = 0;
    if (call.how.on_error == on_error_kind::retry) call.how.on_error = on_error_kind::stop;
  }

  void vary_journal() {
    for (call_plan& one : plan_.calls) {
      const bool is_map = one.kind == call_kind::map || one.kind == call_kind::map_long_results;
      one.doubts = is_map && roll_.one_in(4);
    }
    if (roll_.one_in(4)) {
      const bool is_first = roll_.one_in(2);
      plan_.runs.insert(is_first ? plan_.runs.begin() : plan_.runs.end() - 1,
                        journal_fault::disk_fails);
    }
    if (roll_.one_in(2)) return;
    constexpr auto last = static_cast<std::uint64_t>(journal_change::odd_name);
    plan_.change = static_cast<journal_change>(1 + roll_.up_to(last - 1));
    const bool takes_long = plan_.change == journal_change::in_use;  // half a minute
    if (takes_long && !roll_.one_in(4)) plan_.change = journal_change::older;
    plan_.runs.back() = journal_fault::none;
    if (plan_.runs.size() == 1 || roll_.one_in(2))
      plan_.runs.insert(plan_.runs.end() - 1, journal_fault::none);
    if (plan_.change == journal_change::doubled_result)
      for (call_plan& one : plan_.calls) one.doubts = false;
  }

  schedule_plan& plan_;
  dice roll_;
  dice open_roll_;
  dice stream_roll_;
  dice bound_roll_;
  dice expand_roll_;
  dice side_roll_;
  dice place_roll_;
};

/// The schedule of a seed.
inline schedule_plan plan_of(std::uint64_t seed) {
  schedule_plan plan = planner(seed).plan();
  variation(plan).make();
  return plan;
}

}  // namespace rankwise::test
