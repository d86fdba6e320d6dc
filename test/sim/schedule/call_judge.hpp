// SPDX-License-Identifier: MIT
// Whether what has become of a call is what should have.
#pragma once

#include <rankwise/error.hpp>

#include "schedule/plan.hpp"
#include "schedule/situation.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <ranges>
#include <string>

namespace rankwise::test {

/// Judges calls by what befell their items; what is wrong is noted.
class call_judge {
 public:
  call_judge(const schedule_plan& plan, situation& here) : plan_(plan), here_(here) {}

  /// The first item that is found in the call; the number of all if none is.
  static std::uint64_t first_found(const call_plan& plan) {
    const auto all = std::views::iota(std::uint64_t{0}, plan.n_items);
    return static_cast<std::uint64_t>(std::ranges::find_if(all, is_found) - all.begin());
  }

  void judge_failures(const std::string& name, std::uint32_t number, const task_error& error) {
    const call_plan& plan = plan_.calls[number];
    std::map<std::uint64_t, std::string> failures;
    for (const task_failure& one : error.failures()) {
      const std::string text = name + ": item " + std::to_string(one.index) + ": " + one.text;
      if (!failures.emplace(one.index, one.text).second) here_.note(text + ", twice");
      const auto holds = [&](const char* part) { return one.text.find(part) != std::string::npos; };
      // Where items are found by tasks the index is of a bundle of them.
      const bool throws = plan.kind == call_kind::expand
                              ? plan.throws_of != 0
                              : plan.n_throws(plan_.seed + number, one.index) != 0;
      constexpr std::array ends{
          "?", "its process ended with status 3, without a result", "SIGKILL", "bad luck"};
      const auto end = static_cast<std::size_t>(plan.end_of(plan_.seed + number, one.index));
      const bool is_due = (holds("bad luck") && throws) || holds(ends.at(end)) ||
                          (holds("does not want") && plan.may_refuse) ||
                          (holds("given up") && plan_.may_lose()) ||
                          (holds("took longer") && plan.how.task_limit_s != 0) ||
                          (!plan.runs_anywhere() && plan.throws_of != 0);
      if (!is_due) here_.note(text);
    }
    const bool runs_all =
        plan.kind == call_kind::submit || plan.how.on_error == on_error_kind::collect;
    if (!plan.runs_anywhere() || !runs_all) return;
    for (std::uint64_t item = 0; item < n_items_of(plan); ++item) {
      if (here_.calls[number].cancelled.contains(item)) continue;
      if (always_fails(number, item) && !failures.contains(item))
        here_.note(name + ": item " + std::to_string(item) + " always fails, and did not fail");
    }
  }

  /// Of a call that has returned.
  void judge_items(const std::string& name, std::uint32_t number) {
    const call_plan& plan = plan_.calls[number];
    call_fate& fate = here_.calls[number];
    const bool runs_once = !plan_.may_lose() && !plan.how.speculate && plan.throws_of == 0 &&
                           !plan.may_refuse && !plan_.has_limit();
    const bool may_be_given_up =
        plan.how.task_limit_s != 0 || (plan_.has_limit() && plan_.has_open_calls());
    const std::uint64_t n = plan.kind == call_kind::on_each_rank
                                ? 0
                                : n_items_of(plan);  // whose number is that of workers
    for (std::uint64_t item = 0; item < n; ++item) {
      if (fate.cancelled.contains(item)) continue;
      const item_fate& one = fate.items[item];
      const std::string text = name + ": item " + std::to_string(item);
      if (always_fails(number, item)) here_.note(text + " always fails, and the call returned");
      if (one.n_runs == 0 && !plan.how.isolate) here_.note(text + " was never run");
      if (runs_once && one.n_runs_in_job > 1) here_.note(text + " was run more than once");
      if (fate.is_acknowledged && one.n_runs_in_job != 0 && !plan.doubts)
        here_.note(text + " was in the journal, and run again");
      if (!plan.settles) continue;
      if (one.n_accepted == 0) here_.note(text + " counts, and no task was told so");
      if (!plan_.may_lose() && !plan_.has_journal && !may_be_given_up && one.n_accepted > 1)
        here_.note(text + " counts, and more than one task was told so");
    }
    if (plan_.has_journal) fate.is_acknowledged = true;
  }

 private:
  bool always_fails(std::uint32_t number, std::uint64_t item) const {
    const call_plan& plan = plan_.calls[number];
    const std::uint32_t n = plan.n_throws(plan_.seed + number, item);
    const bool is_ended = plan.end_of(plan_.seed + number, item) != call_plan::isolated_end::none;
    return is_ended || plan.deadly == item || (n != 0 && n == call_plan::always);
  }

  /// The items that must have been run.
  std::uint64_t n_items_of(const call_plan& plan) const {
    if (plan.kind == call_kind::find_first || plan.ends_early())
      return std::min(plan.n_items, first_found(plan) + 1);
    return plan.kind == call_kind::on_each_rank ? plan_.cluster.n_ranks : plan.n_items;
  }

  const schedule_plan& plan_;
  situation& here_;
};

}  // namespace rankwise::test
