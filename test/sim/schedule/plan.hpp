// SPDX-License-Identifier: MIT
// A random schedule: the calls of a job, its cluster, and what befalls it; all from one seed.
#pragma once

#include <rankwise/core/types.hpp>
#include <rankwise/options.hpp>
#include <rankwise/random.hpp>
#include <rankwise/sim/engine_job.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace rankwise::test {

/// A source of chance.
class dice {
 public:
  explicit dice(std::uint64_t seed) : stream_(seed, 7) {}

  std::uint64_t up_to(std::uint64_t most) { return stream_() % (most + 1); }

  bool one_in(std::uint64_t n) { return up_to(n - 1) == 0; }

  core::duration time_up_to(core::duration most) {
    return core::duration(up_to(static_cast<std::uint64_t>(most.count())));
  }

 private:
  random_stream stream_;
};

enum class call_kind : std::uint8_t {
  map,
  map_long_results,
  for_each,
  reduce,
  map_reduce,
  group_by,
  pipeline,
  on_each_rank,
  find_first,
  submit,
  stream,
  expand,
  place
};

inline constexpr std::array<const char*, 13> call_names{"map",
                                                        "map with long results",
                                                        "for_each",
                                                        "reduce",
                                                        "map_reduce",
                                                        "group_by",
                                                        "pipeline",
                                                        "on_each_rank",
                                                        "find_first",
                                                        "submit",
                                                        "stream",
                                                        "expand",
                                                        "place"};

/// One call of the body.
struct call_plan {
  call_kind kind = call_kind::map;
  std::uint64_t n_items = 0;
  options how = {};
  core::duration longest_task{};
  core::duration pause{};       ///< that the body makes before it
  bool settles = false;         ///< its tasks want to be told whether their results count
  core::duration settling{};    ///< what is done then takes so long
  bool may_refuse = false;      ///< now and then one that is told so throws
  std::uint32_t throws_of = 0;  ///< one in so many items throws, at first or always; 0: none
  std::uint32_t long_of = 0;    ///< one in so many items takes longer than the task limit; 0: none
  std::optional<std::uint64_t> deadly =
      {};                        ///< this item ends the process of every rank that runs it
  bool waits_for_lost = false;   ///< the body waits before it until ranks that are lost are back
  bool doubts = false;           ///< some results that the journal holds count no more
  bool stays_open = false;       ///< its results are asked for after all other calls of the body
  bool is_beside = false;        ///< another thread makes it, while the body goes on
  std::uint32_t cancels_of = 0;  ///< one in so many items is cancelled; 0: none

  /// Its items are independent: it goes on without a rank that is lost.
  bool runs_anywhere() const {
    return kind == call_kind::map || kind == call_kind::map_long_results ||
           kind == call_kind::for_each || kind == call_kind::reduce ||
           kind == call_kind::find_first || kind == call_kind::submit ||
           kind == call_kind::stream || kind == call_kind::expand || kind == call_kind::place;
  }

  /// A stream whose sink has enough at the first item that is found.
  bool ends_early() const { return kind == call_kind::stream && how.seed % 3 == 0; }

  /// Its items may need each other's values: each has one in the end, unless the call can't go on.
  bool may_chain() const {
    if (how.at_most != 0 || how.at_most_on_host != 0) return false;  // as two tasks they have two
    return throws_of == 0 && long_of == 0 && cancels_of == 0 && !may_refuse && !deadly &&
           !how.isolate;
  }

  static constexpr std::uint32_t always = 1000;

  /// The first so many runs of the item throw.
  std::uint32_t n_throws(std::uint64_t seed, std::uint64_t item) const {
    random_stream chance(seed, item);
    if (throws_of == 0 || chance() % throws_of != 0) return 0;
    const std::uint32_t n = 1 + chance() % 3;
    return n == 3 || how.on_error != on_error_kind::retry ? always : n;
  }

  /// What a task that runs in a process of its own does with it, instead of returning a result.
  enum class isolated_end : std::uint8_t { none, exits, is_killed, throws };

  isolated_end end_of(std::uint64_t seed, std::uint64_t item) const {
    random_stream chance(seed, item + 2000);
    const std::uint32_t end = chance() % 20;
    return how.isolate && end <= 3 ? static_cast<isolated_end>(end) : isolated_end::none;
  }

  bool is_long(std::uint64_t seed, std::uint64_t item) const {
    random_stream chance(seed, item + 1000);
    return long_of != 0 && chance() % long_of == 0;
  }
};

/// What befalls a rank, or all of them at once.
struct fault_plan {
  enum class kind : std::uint8_t { kill, freeze, cut, slow, freeze_all };

  kind what = kind::kill;
  rank_id rank = root_rank;
  core::duration at{};  ///< from the beginning of the job
  core::duration length{};
};

/// What goes wrong with the journal of a job.
enum class journal_fault : std::uint8_t {
  none,
  killed,           ///< the root's process, at some time
  killed_at_write,  ///< the same, at some write
  power_fails,
  power_fails_at_write,
  disk_is_full,
  disk_fails  ///< for a while
};

inline constexpr std::array<const char*, 7> journal_fault_names{"fine",
                                                                "killed",
                                                                "killed at a write",
                                                                "loses power",
                                                                "loses power at a write",
                                                                "has a full disk",
                                                                "has a disk that fails"};

/// What has become of a journal when the last job opens it, or what that job asks for.
enum class journal_change : std::uint8_t {
  none,
  of_another_program,
  no_journal,  ///< a database of something else
  newer,       ///< of a format that is not known
  older,       ///< without the settings of the job
  other_call,
  other_settings,  ///< and another call
  settings_alone,
  changed_result,
  too_many_results,
  doubled_result,
  other_input,
  unreadable_result,
  wiped_header,
  wiped_page,
  begun_again,
  failures_again,
  in_use,
  in_use_for_a_while,
  odd_name
};

inline constexpr std::array<const char*, 20> journal_change_names{
    "",
    "of another program",
    "that is none",
    "of a newer format",
    "of an older version",
    "that has another call",
    "that has another call and settings",
    "that has other settings",
    "that has a changed result",
    "that has too many results",
    "that has a doubled result",
    "that has another input",
    "that has an unreadable result",
    "whose header is wiped",
    "a page of which is wiped",
    "that is begun again",
    "whose failures are tried again",
    "that is in use",
    "that is in use for a while",
    "of an odd name"};

struct schedule_plan {
  std::uint64_t seed = 0;
  sim::engine_job_options cluster = {};
  std::vector<call_plan> calls;
  std::vector<fault_plan> faults;
  bool has_journal = false;
  std::vector<journal_fault> runs = {journal_fault::none};  ///< one job after the other
  journal_change change = journal_change::none;

  bool has_fault(fault_plan::kind what) const {
    return std::any_of(
        faults.begin(), faults.end(), [&](const fault_plan& one) { return one.what == what; });
  }

  /// The job goes on where ranks are lost.
  bool survives() const { return cluster.timeout.count() != 0 && cluster.may_change_threads; }

  /// A rank may be in a task that takes too long.
  bool has_limit() const {
    return std::any_of(
        calls.begin(), calls.end(), [](const call_plan& one) { return one.how.task_limit_s != 0; });
  }

  /// Calls may be under way while others are made.
  bool has_open_calls() const {
    return std::any_of(calls.begin(), calls.end(), [](const call_plan& one) {
      return one.stays_open || one.is_beside;
    });
  }

  /// A rank may be lost.
  bool may_lose() const {
    const bool is_any_deadly = std::any_of(
        calls.begin(), calls.end(), [](const call_plan& one) { return one.deadly.has_value(); });
    return is_any_deadly || has_fault(fault_plan::kind::kill) ||
           has_fault(fault_plan::kind::freeze) || has_fault(fault_plan::kind::cut) ||
           has_fault(fault_plan::kind::slow);
  }
};

/// Makes schedules.
class planner {
 public:
  explicit planner(std::uint64_t seed) : roll_(seed) { made_.seed = seed; }

  schedule_plan plan() {
    plan_cluster();
    made_.has_journal = roll_.one_in(6);
    const std::uint64_t n_calls = 1 + roll_.up_to(made_.has_journal ? 2 : 3);
    for (std::uint64_t i = 0; i < n_calls; ++i) made_.calls.push_back(plan_call());
    if (made_.has_journal) plan_runs();
    if (!roll_.one_in(3)) plan_faults();
    return made_;
  }

 private:
  void plan_cluster() {
    sim::engine_job_options& cluster = made_.cluster;
    cluster.n_ranks = static_cast<std::uint32_t>(roll_.one_in(25) ? 1 : 2 + roll_.up_to(4));
    cluster.timeout =
        roll_.one_in(10) ? core::duration{} : std::chrono::milliseconds(60 + roll_.up_to(200));
    cluster.sees_processes = roll_.one_in(2);
    cluster.may_change_threads = !roll_.one_in(16);
    cluster.network.latency = roll_.time_up_to(std::chrono::microseconds(300));
    cluster.network.jitter =
        roll_.time_up_to(std::chrono::microseconds(roll_.one_in(4) ? 5000 : 400));
  }

  call_plan plan_call() {
    call_plan one;
    one.kind = static_cast<call_kind>(roll_.up_to(made_.has_journal ? 3 : 7));
    one.n_items = roll_.one_in(12) ? roll_.up_to(1) : roll_.up_to(40);
    one.longest_task = std::chrono::microseconds(roll_.one_in(4) ? 1 : roll_.up_to(4000));
    if (roll_.one_in(12)) {  // longer than a rank may be silent
      one.longest_task = std::chrono::milliseconds(600);
      one.n_items = roll_.up_to(6);
    }
    if (roll_.one_in(6)) one.pause = roll_.time_up_to(std::chrono::milliseconds(700));
    options& how = one.how;
    how.quiet = roll_.one_in(2);
    how.seed = roll_.up_to(100);
    how.schedule = static_cast<schedule_kind>(roll_.up_to(4));
    how.chunk = roll_.one_in(2) ? 1 + roll_.up_to(4) : 0;
    how.root_works = !roll_.one_in(4);
    how.max_ranks = roll_.one_in(8) ? 1 + static_cast<std::uint32_t>(roll_.up_to(3)) : 0;
    how.speculate = roll_.one_in(4);
    one.settles = one.kind != call_kind::reduce && one.runs_anywhere() && roll_.one_in(2);
    one.settling = one.longest_task / 16;
    one.may_refuse = one.settles && roll_.one_in(6);
    if (roll_.one_in(3)) {
      how.on_error = static_cast<on_error_kind>(roll_.up_to(2));
      one.throws_of = static_cast<std::uint32_t>(4 + roll_.up_to(40));
      if (!one.runs_anywhere() && how.on_error == on_error_kind::retry &&
          one.kind != call_kind::pipeline)
        how.on_error = on_error_kind::stop;
    }
    if (one.runs_anywhere() && made_.survives() && made_.cluster.n_ranks > 1 && roll_.one_in(6)) {
      how.task_limit_s = 0.02;
      one.long_of = static_cast<std::uint32_t>(10 + roll_.up_to(40));
    }
    return one;
  }

  void plan_runs() {
    made_.runs.clear();
    const std::uint64_t n_broken = roll_.up_to(2);
    for (std::uint64_t i = 0; i < n_broken; ++i)
      made_.runs.push_back(static_cast<journal_fault>(1 + roll_.up_to(4)));
    made_.runs.push_back(roll_.one_in(5) ? journal_fault::disk_is_full : journal_fault::none);
  }

  void plan_faults() {
    const std::uint32_t n_ranks = made_.cluster.n_ranks;
    const core::duration timeout =
        made_.survives() ? made_.cluster.timeout : core::duration(std::chrono::milliseconds(100));
    const core::duration latest = job_time();
    const bool is_suspended = roll_.one_in(8);
    const std::uint64_t n_faults = is_suspended ? 1 : 1 + roll_.up_to(n_ranks);
    for (std::uint64_t i = 0; i < n_faults; ++i) {
      fault_plan one;
      one.at = roll_.time_up_to(latest);
      one.length = roll_.time_up_to(timeout * 3);
      one.what = is_suspended ? fault_plan::kind::freeze_all
                              : static_cast<fault_plan::kind>(roll_.up_to(3));
      if (n_ranks > 1) one.rank = to_rank(1 + roll_.up_to(n_ranks - 2));
      if (one.what != fault_plan::kind::kill && (n_ranks == 1 || roll_.one_in(8)))
        one.rank = root_rank;
      if (one.what == fault_plan::kind::kill && (!made_.survives() || n_ranks == 1)) continue;
      made_.faults.push_back(one);
    }
  }

  /// About as long as the job takes.
  core::duration job_time() const {
    core::duration all = std::chrono::milliseconds(3);
    for (const call_plan& one : made_.calls) {
      all += one.longest_task * (one.n_items + 1) / (made_.cluster.n_ranks * 2);
      all += std::chrono::milliseconds(2);
    }
    return all * 3 / 2;
  }

  dice roll_;
  schedule_plan made_;
};

/// In words, for whoever runs it again.
inline std::string describe(const schedule_plan& plan) {
  std::string text = std::to_string(plan.cluster.n_ranks) + " ranks, timeout " +
                     std::to_string(plan.cluster.timeout.count() / 1'000'000) + " ms" +
                     (plan.cluster.sees_processes ? "" : ", blind") +
                     (plan.cluster.may_change_threads ? "" : ", one thread");
  for (const call_plan& one : plan.calls) {
    text += std::string("; ") + call_names.at(static_cast<std::size_t>(one.kind)) + " of " +
            std::to_string(one.n_items) + " items up to " +
            std::to_string(one.longest_task.count() / 1000) + " us" +
            (one.settles ? ", settled" : "") + (one.may_refuse ? " or not" : "") +
            (one.how.isolate ? ", isolated" : "") + (one.how.speculate ? ", speculated" : "") +
            (one.throws_of != 0 ? ", throwing" : "") + (one.long_of != 0 ? ", limited" : "") +
            (one.stays_open ? ", open" : "") + (one.is_beside ? ", beside" : "") +
            (one.cancels_of != 0 ? ", cancelled" : "") + (one.how.priority != 0 ? ", urgent" : "") +
            (one.how.at_most != 0 ? ", " + std::to_string(one.how.at_most) + " at once" : "") +
            (one.how.at_most_on_host != 0
                 ? ", " + std::to_string(one.how.at_most_on_host) + " on a host"
                 : "") +
            (one.doubts ? ", doubted" : "") + (one.deadly ? ", deadly" : "") +
            (one.waits_for_lost ? ", after lost ranks" : "") + ", on error " +
            std::string(on_error_names.at(static_cast<std::size_t>(one.how.on_error)));
  }
  constexpr std::array names{"kill", "freeze", "cut", "slow", "freeze all"};
  for (const fault_plan& one : plan.faults) {
    text += std::string("; ") + names.at(static_cast<std::size_t>(one.what)) + " " +
            std::to_string(to_index(one.rank)) + " at " +
            std::to_string(one.at.count() / 1'000'000) + " for " +
            std::to_string(one.length.count() / 1'000'000) + " ms";
  }
  if (!plan.has_journal) return text;
  for (const journal_fault one : plan.runs)
    text += std::string("; job ") + journal_fault_names.at(static_cast<std::size_t>(one));
  const std::string change = journal_change_names.at(static_cast<std::size_t>(plan.change));
  if (!change.empty()) text += ", with a journal " + change;
  return text;
}

/// What a run of a schedule was like.
struct schedule_report {
  std::vector<std::string> wrong;
  std::uint64_t n_events = 0;
  std::uint64_t n_losses = 0;
  std::uint64_t n_returns = 0;
  std::uint64_t n_failed_calls = 0;
  bool has_resumed = false;
};

}  // namespace rankwise::test
