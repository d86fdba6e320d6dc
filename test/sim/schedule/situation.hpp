// SPDX-License-Identifier: MIT
// What the tasks of a simulated job do, and what is noted of them.
#pragma once

#include <rankwise/emitter.hpp>
#include <rankwise/expansion.hpp>
#include <rankwise/pool.hpp>
#include <rankwise/random.hpp>
#include <rankwise/shared_best.hpp>
#include <rankwise/sim/engine_job.hpp>
#include <rankwise/task.hpp>

#include "schedule/plan.hpp"

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <ranges>
#include <set>
#include <stdexcept>
#include <string>
#include <unistd.h>
#include <vector>

namespace rankwise::test {

/// What has become of one item, over all jobs of a schedule.
struct item_fate {
  std::uint64_t n_runs = 0;
  std::uint64_t n_runs_in_job = 0;
  std::uint64_t n_accepted = 0;  ///< its task was told so
  std::uint64_t n_refused = 0;   ///< and threw then
  std::vector<std::uint32_t> drawn = {};
};

struct call_fate {
  std::map<std::uint64_t, item_fate> items;
  std::set<std::uint64_t> cancelled;
  bool is_acknowledged = false;  ///< it has returned, and its results are in the journal
  std::set<rank_id> running;     ///< the ranks that are in a task of it
};

/// The schedule that is run; the tasks of all ranks look here.
struct situation {
  const schedule_plan* plan = nullptr;
  sim::engine_job* job = nullptr;
  std::vector<call_fate> calls;            // by number
  std::map<rank_id, std::int64_t> n_open;  // tasks that wait to be told, by rank
  std::map<rank_id, core::duration>
      task_ends_at;             // of the one that was begun last, by rank; max: not yet
  bool has_root_ended = false;  // of a task
  std::vector<std::string> wrong;

  static situation*& here() {
    static situation* one = nullptr;
    return one;
  }

  /// A rank that was frozen when it was given up, or since, reads that before it does anything
  /// else: what its tasks of before `since` have done counts no more. A message that was held up is
  /// no excuse, unless ranks are cut off.
  bool should_know_it_was_given_up(rank_id rank, core::duration since) const {
    const std::optional<core::duration> given_up = job->lost_at(rank);
    if (!given_up || since >= *given_up || plan->has_fault(fault_plan::kind::cut)) return false;
    const sim::network_options& network = plan->cluster.network;
    const core::duration thawed = job->process(rank).frozen_until;
    return *given_up + network.latency + network.jitter <= thawed &&
           thawed <= job->machine(rank).now();
  }

  /// More ranks than may are in a task of a call. Those that were given up do not count: they may
  /// not know.
  bool is_crowded(std::uint32_t number) const {
    const options& how = plan->calls[number].how;
    // Where a rank that has overrun falls silent, its place is free, and nobody is told once more.
    const bool may_be_silent = plan->may_lose() || plan->has_fault(fault_plan::kind::freeze_all);
    if (plan->has_limit() && may_be_silent) return false;
    std::uint32_t n = 0;
    std::map<std::uint64_t, std::uint32_t> on_host;
    for (const rank_id rank : calls[number].running) {
      if (job->process(rank).is_dead || job->lost_at(rank)) continue;
      ++n;
      const std::uint32_t n_on_host = ++on_host[to_index(rank) % plan->cluster.n_hosts];
      if (how.at_most_on_host != 0 && n_on_host > how.at_most_on_host) return true;
    }
    return how.at_most != 0 && n > how.at_most;
  }

  void note(const std::string& what) {
    if (wrong.size() < 5) wrong.push_back(what);
  }
};

/// A rank is in a task of a call.
class running_task {
 public:
  running_task(call_fate& call, rank_id rank) : call_(&call), rank_(rank) {
    call.running.insert(rank);
  }

  running_task(const running_task&) = delete;
  running_task& operator=(const running_task&) = delete;
  running_task(running_task&&) = delete;
  running_task& operator=(running_task&&) = delete;

  ~running_task() { call_->running.erase(rank_); }

 private:
  call_fate* call_;
  rank_id rank_;
};

/// Runs an item in a process of its own: whatever is noted there is lost.
inline void suffer_alone(const call_plan& plan, std::uint64_t seed, std::uint64_t item) {
  switch (plan.end_of(seed, item)) {
    case call_plan::isolated_end::exits:
      ::_exit(3);
    case call_plan::isolated_end::is_killed:
      std::raise(SIGKILL);
      break;
    case call_plan::isolated_end::throws:
      throw std::runtime_error("bad luck");
    case call_plan::isolated_end::none:
      break;
  }
}

/// Runs item `item` of a call.
inline void suffer(task_context& context, std::uint32_t number, std::uint64_t item) {
  situation& here = *situation::here();
  const rank_id rank = context.rank();
  if (here.job->process(rank).is_dead) throw sim::process_killed();
  const call_plan& plan = here.plan->calls[number];
  if (plan.how.isolate) return suffer_alone(plan, here.plan->seed + number, item);
  item_fate& fate = here.calls[number].items[item];
  const std::uint64_t run = ++fate.n_runs;
  ++fate.n_runs_in_job;
  const std::string name = "call " + std::to_string(number) + ", item " + std::to_string(item);
  // A rank that was given up runs on until it hears of that; a twin may begin first.
  const bool must_know = !here.plan->may_lose() && !plan.how.speculate && !here.plan->has_limit();
  if (run > 1 && !context.again() && must_know && plan.kind != call_kind::pipeline &&
      plan.kind != call_kind::on_each_rank)
    here.note(name + " was run again, and its task not told");
  if (plan.deadly == item) {
    if (rank == root_rank && here.job->has_others())
      here.note(name + " was run by the root, and ends ranks");
    here.has_root_ended = here.has_root_ended || rank == root_rank;
    // Three, and one more for whom another item was blamed: the last report of that was not sent.
    if (run > 4 && here.plan->cluster.sees_processes) here.note(name + " has cost too many ranks");
    here.job->kill(rank);
    throw sim::process_killed();
  }
  const running_task running(here.calls[number], rank);
  if (here.is_crowded(number)) here.note(name + " was run while as many ranks as may ran others");
  if (plan.kind != call_kind::expand) {
    fate.drawn.push_back(context.random()());
    if (fate.drawn.back() != fate.drawn.front()) here.note(name + " had other random numbers");
  }
  if (plan.settles) {
    ++here.n_open[rank];
    const core::duration begun = here.job->machine(rank).now();
    context.when_settled([&here, &plan, &fate, name, rank, begun](bool accepted) {
      --here.n_open[rank];
      if (here.job->process(rank).is_dead || !accepted) return;
      if (here.should_know_it_was_given_up(rank, begun))
        here.note(name + " was told that it counts, on a rank that had been given up");
      const bool refuses = plan.may_refuse && fate.n_runs % 4 == 1 && fate.n_refused == 0;
      here.job->machine(rank).sleep(plan.settling);
      if (refuses) {
        ++fate.n_refused;
        throw std::runtime_error("it does not want to count");
      }
      ++fate.n_accepted;
    });
  }
  random_stream chance(here.plan->seed + number, item + 10'000);
  core::duration time(chance() % static_cast<std::uint64_t>(1 + plan.longest_task.count()));
  if (plan.is_long(here.plan->seed + number, item)) time = std::chrono::milliseconds(70);
  here.task_ends_at[rank] = core::duration::max();
  if (time.count() > 1000) here.job->machine(rank).sleep(time);
  here.task_ends_at[rank] = here.job->machine(rank).now();
  if (run <= plan.n_throws(here.plan->seed + number, item)) throw std::runtime_error("bad luck");
}

inline constexpr std::uint64_t n_keys = 5;

inline std::uint64_t value_of(std::uint64_t item) {
  return item * item + 1;
}

inline std::string long_value_of(std::uint64_t item) {
  return std::string(1 + item % 7 * 3000, static_cast<char>('a' + item % 26));
}

struct value_task {
  std::uint32_t call = 0;

  std::uint64_t operator()(task_context& context, std::uint64_t item) const {
    suffer(context, call, item);
    return value_of(item);
  }
};

/// Says of a result that a journal holds whether it counts: most do.
struct doubt {
  bool operator()(std::uint64_t item, std::uint64_t value) const {
    return is_wanted(item, value == value_of(item));
  }

  bool operator()(std::uint64_t item, const std::string& value) const {
    return is_wanted(item, value == long_value_of(item));
  }

 private:
  static bool is_wanted(std::uint64_t item, bool is_right) {
    if (!is_right) situation::here()->note("the journal holds another result");
    return item % 7 != 3;
  }
};

/// What is submitted: it has no state, and gets the number of its call as an argument.
inline std::uint64_t submitted_value(task_context& context,
                                     std::uint32_t call,
                                     std::uint64_t item) {
  suffer(context, call, item);
  return value_of(item);
}

/// The same, of an item that needs the value of another one.
inline std::uint64_t submitted_after(task_context& context,
                                     std::uint32_t call,
                                     std::uint64_t item,
                                     std::uint64_t other,
                                     std::uint64_t value_of_other) {
  suffer(context, call, item);
  if (value_of_other != value_of(other)) situation::here()->note("an argument has another value");
  return value_of(item);
}

struct long_value_task {
  std::uint32_t call = 0;

  std::string operator()(task_context& context, std::uint64_t item) const {
    suffer(context, call, item);
    return long_value_of(item);
  }
};

/// One in so many items is found.
inline bool is_found(std::uint64_t item) {
  return item % 11 == 8;
}

struct finding_task {
  std::uint32_t call = 0;

  std::optional<std::uint64_t> operator()(task_context& context, std::uint64_t item) const {
    suffer(context, call, item);
    return is_found(item) ? std::optional(value_of(item)) : std::nullopt;
  }
};

/// What a pool::expand has seen: the sum of its items, and the least that one costs.
struct expanded {
  std::uint64_t sum = 0;
  std::uint64_t least = UINT64_MAX;

  expanded then(const expanded& other) const {
    return {sum + other.sum, std::min(least, other.least)};
  }
};

/// What item `item` costs: any number of a few.
inline std::uint64_t cost_of(std::uint64_t item) {
  return value_of(item) % 97;
}

/// Finds the items behind the first `n_roots`, each once, and says what one costs if that may be
/// the least.
inline expanded expand_item(task_context& context,
                            const std::uint64_t& item,
                            expansion<std::uint64_t>& more,
                            std::uint32_t call,
                            std::uint64_t n_items,
                            std::uint64_t n_roots,
                            const shared_min<std::uint64_t>& best) {
  for (std::uint64_t next = 2 * item + n_roots; next < 2 * item + n_roots + 2; ++next)
    if (next < n_items) more.push(next);
  const bool is_worth_it = best.worth(cost_of(item));
  best.offer(cost_of(item));
  suffer(context, call, item);
  return {value_of(item), is_worth_it ? cost_of(item) : UINT64_MAX};
}

/// Whether a pool::expand gives the sum of its items, from a few roots, and the least cost, which
/// tasks have told each other of meanwhile.
inline bool expands_right(const pool& ranks, std::uint32_t call, std::uint64_t n_items) {
  const std::uint64_t n_roots = 1 + n_items % 3;
  expanded all{5};
  for (std::uint64_t item = 0; item < n_items; ++item)
    all = all.then({value_of(item), cost_of(item)});
  const auto best = ranks.shared_min(std::uint64_t{UINT64_MAX});
  const expanded found = ranks.expand(
      std::views::iota(std::uint64_t{0}, std::min(n_roots, n_items)),
      expanded{5},
      [](const expanded& left, const expanded& right) { return left.then(right); },
      rankwise::with(call, n_items, n_roots, best)(rankwise::fn<expand_item>));
  return found.sum == all.sum && found.least == all.least && best.value() == all.least;
}

struct row_task {
  std::uint32_t call = 0;

  std::uint64_t operator()(task_context& context, std::uint32_t row) const {
    suffer(context, call, row);
    return value_of(row);
  }
};

struct emitting_task {
  std::uint32_t call = 0;

  void operator()(task_context& context,
                  std::uint64_t item,
                  emitter<std::uint64_t, std::uint64_t>& emit) const {
    emit(item % n_keys, item);
    suffer(context, call, item);
    emit(item % n_keys, item);
  }
};

/// x -> scale * x + shift: one after the other is associative, and not commutative.
struct affine {
  std::uint64_t scale = 1;
  std::uint64_t shift = 0;

  bool operator==(const affine&) const = default;
};

inline affine affine_of(std::uint64_t item) {
  return {2 * item + 3, item};
}

struct then {
  affine operator()(const affine& first, const affine& second) const {
    return {first.scale * second.scale, second.scale * first.shift + second.shift};
  }
};

struct affine_task {
  std::uint32_t call = 0;

  affine operator()(task_context& context, std::uint64_t item) const {
    suffer(context, call, item);
    return affine_of(item);
  }
};

}  // namespace rankwise::test
