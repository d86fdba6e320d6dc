// SPDX-License-Identifier: MIT
// Runs a schedule, and says what was wrong.
#pragma once

#include <rankwise/error.hpp>
#include <rankwise/future.hpp>
#include <rankwise/journal/sqlite_journal.hpp>
#include <rankwise/map_reduce.hpp>
#include <rankwise/pipeline.hpp>
#include <rankwise/pool.hpp>
#include <rankwise/sim/engine_job.hpp>
#include <rankwise/sim/timeline.hpp>

#include "schedule/call_judge.hpp"
#include "schedule/journal_changes.hpp"
#include "schedule/parts_check.hpp"
#include "schedule/side_threads.hpp"
#include "schedule/situation.hpp"
#include "schedule/stream_check.hpp"
#include "volatile_disk.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <ranges>
#include <string>
#include <utility>
#include <vector>

namespace rankwise::test {

class schedule_run {
 public:
  /// `journal_file` is a name for the journal, of a file that may be made.
  schedule_run(const schedule_plan& plan, std::string journal_file)
      : plan_(plan), time_(plan.seed), chance_(plan.seed, 3), file_(std::move(journal_file)) {
    here_.plan = &plan_;
    here_.calls.resize(plan.calls.size());
  }

  schedule_report run() {
    situation::here() = &here_;
    if (plan_.has_journal) disk().clear();
    for (std::size_t i = 0; i < plan_.runs.size() && here_.wrong.empty(); ++i) run_job(i);
    situation::here() = nullptr;
    report_.wrong = here_.wrong;
    report_.n_events = time_.n_events();
    return report_;
  }

 private:
  static volatile_disk& disk() { return volatile_disk::installed(); }

  void run_job(std::size_t number) {
    fault_ = plan_.runs[number];
    is_first_job_ = number == 0;
    report_.has_resumed = report_.has_resumed || number != 0;
    here_.n_open.clear();
    here_.task_ends_at.clear();
    for (call_fate& call : here_.calls) {
      call.running.clear();
      for (auto& [item, fate] : call.items) fate.n_runs_in_job = 0;
    }
    expected_refusal_.reset();
    is_refused_ = false;
    change_ = number + 1 == plan_.runs.size() ? plan_.change : journal_change::none;
    if (change_ != journal_change::none)
      expected_refusal_ = journal_changes(file_, disk(), chance_).make(change_);
    const core::duration begun = time_.now();
    sim::engine_job job(time_, plan_.cluster, [this](engine::root& root) { lead(root); });
    here_.job = &job;
    break_journal(job);
    core::duration last = begun;
    for (const fault_plan& one : plan_.faults) {
      last = std::max(last, begun + one.at + one.length);
      const auto strikes = std::make_shared<bool>(true);
      pending_.push_back(strikes);
      time_.at(begun + one.at, [this, &job, &one, strikes] {
        if (*strikes) strike(job, one);
      });
    }
    const bool is_over =
        time_.run(last + std::chrono::seconds(60), [&] { return job.has_ended(); });
    for (const auto& one : std::exchange(pending_, {})) *one = false;
    if (!is_over) {
      here_.note("it hangs at " + std::to_string((time_.now() - begun).count() / 1'000'000) +
                 " ms, after " + std::to_string(time_.n_events()) + " events: " + progress(job));
    }
    judge_job(job);
    disk().repair();
  }

  /// How far it is, for whoever runs it again.
  std::string progress(const sim::engine_job& job) const {
    std::string text = job.is_done() ? "the root is done" : "the root is not done";
    for (std::size_t number = 0; number < here_.calls.size(); ++number)
      text += ", " + std::to_string(here_.calls[number].items.size()) + " items begun";
    for (std::uint32_t row = 0; row < job.n_ranks(); ++row)
      text += job.has_ended(to_rank(row)) ? "" : ", rank " + std::to_string(row) + " is there";
    return text;
  }

  void strike(sim::engine_job& job, const fault_plan& one) {
    const core::duration until = time_.now() + one.length;
    switch (one.what) {
      case fault_plan::kind::kill:
        job.kill(one.rank);
        break;
      case fault_plan::kind::freeze:
        job.freeze(one.rank, until);
        break;
      case fault_plan::kind::cut:
        job.cut(one.rank, until);
        break;
      case fault_plan::kind::slow:
        job.slow(one.rank, until, 20);
        break;
      case fault_plan::kind::freeze_all:
        for (std::uint32_t row = 0; row < job.n_ranks(); ++row) job.freeze(to_rank(row), until);
        break;
    }
  }

  /// What goes wrong with the journal in this job.
  void break_journal(sim::engine_job& job) {
    if (!plan_.has_journal) return;
    const bool loses =
        fault_ == journal_fault::power_fails || fault_ == journal_fault::power_fails_at_write;
    const auto end = [this, &job, loses] {
      if (loses) {
        disk().lose_power(chance_);
      } else {
        disk().close_all();
      }
      job.kill(root_rank);
      if (plan_.survives()) return;  // else whoever has started the job ends the others
      for (std::uint32_t row = 1; row < job.n_ranks(); ++row) job.kill(to_rank(row));
    };
    const std::uint64_t write = disk().n_writes() + (is_first_job_ ? 25 : 5) + chance_() % 60;
    if (fault_ == journal_fault::disk_is_full) disk().full_at(write);
    if (fault_ == journal_fault::disk_fails)
      disk().fail(chance_() % (chance_() % 2 == 0 ? 60 : 500), 1 + chance_() % 5);
    if (fault_ == journal_fault::killed_at_write || fault_ == journal_fault::power_fails_at_write) {
      disk().on_write([end, write](std::uint64_t n) {
        if (n == write) end();
      });
    }
    if (fault_ == journal_fault::killed || fault_ == journal_fault::power_fails) {
      const auto strikes = std::make_shared<bool>(true);
      pending_.push_back(strikes);
      time_.at(time_.now() + std::chrono::microseconds(chance_() % 200'000), [end, strikes] {
        if (*strikes) end();
      });
    }
  }

  void lead(engine::root& root) {
    submitted_.clear();
    const core::duration begun = time_.now();
    std::unique_ptr<observe::journal> book;
    if (plan_.has_journal && !open_journal(root, book)) return;
    side_threads others(here_.job->machine(root_rank));
    for (std::uint32_t number = 0; number < plan_.calls.size(); ++number) {
      options how = plan_.calls[number].how;
      if (plan_.has_journal) how.journal = file_;
      if (plan_.calls[number].pause.count() != 0)
        here_.job->machine(root_rank).sleep(plan_.calls[number].pause);
      if (plan_.calls[number].waits_for_lost) wait_for_lost();
      if (plan_.calls[number].is_beside) how.name = name_of(number);
      const pool ranks(root, how);
      if (plan_.calls[number].is_beside) {
        others.start([this, ranks, number] { make_call(ranks, number); });
      } else {
        make_call(ranks, number);
      }
    }
    others.join();
    for (auto& [number, futures] : submitted_) ask(number, futures);
    submitted_.clear();
    root.finish_open_calls();
    const std::chrono::duration<double> took = time_.now() - begun;
    if (root.totals().elapsed_s > took.count() + 1e-6) here_.note("some time was counted twice");
    if (book) book->end("done");
  }

  /// Waits until the ranks that were given up are back, for some seconds at most.
  void wait_for_lost() {
    for (int i = 0; i < 5000 && here_.job->is_any_missing(); ++i)
      here_.job->machine(root_rank).sleep(std::chrono::microseconds(500));
  }

  /// False where it can't be opened, and should not be.
  bool open_journal(engine::root& root, std::unique_ptr<observe::journal>& book) {
    const std::optional<file_lock> other = lock_journal();
    const odd_journal_name odd = odd_journal_names.at(chance_() % odd_journal_names.size());
    if (change_ == journal_change::odd_name) expected_refusal_ = odd.refusal;
    try {
      book = std::make_unique<observe::sqlite_journal>(
          change_ == journal_change::odd_name ? odd.name : file_,
          "simulated",
          journal_use(),
          std::vector<std::string>(plan_.cluster.n_ranks, "here"),
          settings(),
          here_.job->machine(root_rank));
      root.keep(*book);
      return true;
    } catch (const config_error& error) {
      if (here_.job->process(root_rank).is_dead) throw sim::process_killed();
      if (!is_due(error.what())) here_.note(std::string("the journal: ") + error.what());
      return false;
    }
  }

  /// Another job that has the journal open; one that is about to end has it for some seconds.
  std::optional<file_lock> lock_journal() {
    if (change_ != journal_change::in_use && change_ != journal_change::in_use_for_a_while)
      return std::nullopt;
    std::optional<file_lock> other(file_);
    if (change_ == journal_change::in_use) return other;
    time_.at(time_.now() + std::chrono::milliseconds(chance_() % 3000),
             [held = std::make_shared<file_lock>(std::move(*other))] { held->release(); });
    return std::nullopt;
  }

  observe::journal_use journal_use() const {
    if (is_first_job_ || change_ == journal_change::begun_again) return observe::journal_use::begin;
    return change_ == journal_change::failures_again ? observe::journal_use::retry_failed
                                                     : observe::journal_use::resume;
  }

  std::map<std::string, std::string> settings() const {
    const bool is_other =
        change_ == journal_change::other_settings || change_ == journal_change::settings_alone;
    if (is_other) return {{"--limit", "8"}};
    return {{"--limit", "7"}, {"--quick", ""}};
  }

  /// What a journal, or a call that is written to it, is refused with.
  bool is_due(const std::string& refusal) {
    const bool fails = fault_ == journal_fault::disk_is_full || fault_ == journal_fault::disk_fails;
    if (fails && refusal.starts_with(file_)) return true;
    if (!expected_refusal_ || refusal.find(*expected_refusal_) == std::string::npos) return false;
    is_refused_ = true;
    return true;
  }

  std::string name_of(std::uint32_t number) const {
    return "call " + std::to_string(number) + " (" +
           call_names.at(static_cast<std::size_t>(plan_.calls[number].kind)) + ")";
  }

  /// False if the call stays open.
  bool submit(const pool& ranks, std::uint32_t number) {
    const call_plan& plan = plan_.calls[number];
    std::vector<future<std::uint64_t>> futures;
    for (std::uint64_t item = 0; item < plan.n_items; ++item) {
      futures.push_back(
          item % 2 != 0 && plan.may_chain()
              ? ranks.submit(fn<submitted_after>, number, item, item / 2, futures[item / 2])
              : ranks.submit(fn<submitted_value>, number, item));
      if (plan.cancels_of != 0 && chance_() % plan.cancels_of == 0) {
        const std::uint64_t other = chance_() % futures.size();
        if (futures[other].cancel()) here_.calls[number].cancelled.insert(other);
      }
    }
    submitted_.emplace_back(number, std::move(futures));
    return !plan.stays_open;
  }

  /// Asks for the results of what was submitted, in any order.
  void ask(std::uint32_t number, std::vector<future<std::uint64_t>>& futures) {
    const std::string name = name_of(number);
    std::vector<task_failure> failures;
    std::vector<std::uint64_t> order(futures.size());
    std::iota(order.begin(), order.end(), std::uint64_t{0});
    std::shuffle(order.begin(), order.end(), chance_);
    for (const std::uint64_t item : order) {
      const bool is_cancelled = here_.calls[number].cancelled.contains(item);
      try {
        if (futures[item].get() != value_of(item)) here_.note(name + " gives something else");
        if (is_cancelled) here_.note(name + " gives what was cancelled");
      } catch (const task_cancelled&) {
        if (!is_cancelled) here_.note(name + ": an item was cancelled that nobody had cancelled");
      } catch (const task_error& error) {
        failures.emplace_back(error.failures().front()).index = item;
      }
    }
    if (here_.job->process(root_rank).is_dead) return;
    if (!failures.empty()) {
      ++report_.n_failed_calls;
      call_judge(plan_, here_)
          .judge_failures(name, number, task_error(std::move(failures), futures.size()));
    } else {
      ++report_.n_returns;
      call_judge(plan_, here_).judge_items(name, number);
    }
  }

  void make_call(const pool& ranks, std::uint32_t number) {
    const std::string name = name_of(number);
    const bool is_submitted = plan_.calls[number].kind == call_kind::submit;
    std::optional<task_error> failed;
    std::string refusal;
    bool is_right = false;
    try {
      if (!is_submitted) {
        is_right = gives_what_it_should(ranks, number);
      } else if (submit(ranks, number)) {
        ask(number, submitted_.back().second);
        submitted_.pop_back();
      }
    } catch (const task_error& error) {
      failed = error;
    } catch (const engine::cannot_go_on&) {
      throw;
    } catch (const sim::process_killed&) {
      throw;
    } catch (const rank_lost& error) {
      const bool is_due = plan_.may_lose() || plan_.has_limit();
      if (plan_.calls[number].runs_anywhere() || !is_due) refusal = error.what();
      if (refusal.empty()) return void(++report_.n_failed_calls);
    } catch (const journal_error& error) {
      refusal = error.what();
      const bool is_whole = refusal.find("; what it holds is whole: --resume goes on from there") !=
                            std::string::npos;
      if (is_whole && is_due(refusal)) return;
    } catch (const config_error& error) {
      refusal = error.what();
      if (is_due(refusal)) return;
      if (plan_.calls[number].how.max_ranks == 1 && refusal.starts_with("--task-limit: found one"))
        return;
    } catch (const std::exception& error) {
      refusal = error.what();
    }
    if (here_.job->process(root_rank).is_dead) return;
    if (!refusal.empty()) {
      here_.note(name + ": " + refusal);
    } else if (failed) {
      ++report_.n_failed_calls;
      call_judge(plan_, here_).judge_failures(name, number, *failed);
    } else if (is_submitted) {
      return;  // judged when its results are asked for
    } else if (!is_right) {
      here_.note(name + " gives something else");
    } else {
      ++report_.n_returns;
      call_judge(plan_, here_).judge_items(name, number);
    }
  }

  bool gives_what_it_should(const pool& ranks, std::uint32_t number) {
    const call_plan& plan = plan_.calls[number];
    const auto inputs = std::views::iota(std::uint64_t{0}, plan.n_items);
    const auto are = [](const auto& found, std::uint64_t n, auto value) {
      if (found.size() != n) return false;
      for (std::uint64_t item = 0; item < n; ++item)
        if (found[item] != value(item)) return false;
      return true;
    };
    switch (plan.kind) {
      case call_kind::map:
        return are(plan.doubts ? ranks.map(inputs, value_task{number}, doubt{})
                               : ranks.map(inputs, value_task{number}),
                   plan.n_items,
                   value_of);
      case call_kind::map_long_results:
        return are(plan.doubts ? ranks.map(inputs, long_value_task{number}, doubt{})
                               : ranks.map(inputs, long_value_task{number}),
                   plan.n_items,
                   long_value_of);
      case call_kind::for_each:
        ranks.for_each(inputs, value_task{number});
        return true;
      case call_kind::reduce: {
        affine all{1, 5};
        for (const std::uint64_t item : inputs) all = then{}(all, affine_of(item));
        return ranks.reduce(inputs, affine{1, 5}, then{}, affine_task{number}) == all;
      }
      case call_kind::map_reduce: {
        std::map<std::uint64_t, std::uint64_t> sums;
        for (const std::uint64_t item : inputs) sums[item % n_keys] += 2 * item;
        for (const auto& one :
             ranks.map_reduce(inputs, emitting_task{number}, std::plus<>{}).gather()) {
          if (!sums.contains(one.key) || sums[one.key] != one.value) return false;
          sums.erase(one.key);
        }
        return sums.empty();
      }
      case call_kind::group_by: {
        std::map<std::uint64_t, std::uint64_t> sizes;
        for (const std::uint64_t item : inputs) sizes[item % n_keys] += 2;
        for (const auto& one : ranks.group_by(inputs, emitting_task{number}).gather()) {
          if (sizes[one.key] != one.value.size()) return false;
          sizes.erase(one.key);
        }
        return sizes.empty();
      }
      case call_kind::pipeline: {
        std::vector<std::uint64_t> found;
        const std::uint32_t replicas =
            1 + static_cast<std::uint32_t>(plan.n_items) % ranks.n_workers();
        ranks.pipeline(
            inputs,
            stage(value_task{number}, {.replicas = replicas}),
            [](std::uint64_t value) { return value + 1; },
            [&found](std::uint64_t value) { found.push_back(value); });
        return are(found, plan.n_items, [](std::uint64_t item) { return value_of(item) + 1; });
      }
      case call_kind::find_first: {
        const auto first = ranks.find_first(inputs, finding_task{number});
        if (!first) return call_judge::first_found(plan) == plan.n_items;
        return first->index == call_judge::first_found(plan) &&
               first->value == value_of(first->index);
      }
      case call_kind::place:
        return places_right(ranks, number, plan.n_items);
      case call_kind::expand:
        return expands_right(ranks, number, plan.n_items);
      case call_kind::on_each_rank:
        return are(ranks.on_each_rank(row_task{number}), ranks.n_workers(), value_of);
      case call_kind::stream:
        return stream_is_right(ranks, number, here_);
      case call_kind::submit:
        break;
    }
    return false;
  }

  void judge_job(const sim::engine_job& job) {
    for (const std::string& why : job.breakdowns()) here_.note(why);
    const bool is_killed = fault_ != journal_fault::none && fault_ != journal_fault::disk_is_full &&
                           fault_ != journal_fault::disk_fails;
    const bool root_dies = is_killed || here_.has_root_ended;
    if (expected_refusal_ && !is_refused_ && !root_dies)
      here_.note("the journal was taken, but for: " + *expected_refusal_);
    if (!root_dies && !job.is_done() && here_.wrong.empty()) here_.note("the root did not end");
    for (const std::string& notice : job.notices()) {
      const bool is_loss = notice.find("is lost") != std::string::npos;
      report_.n_losses += is_loss ? 1 : 0;
      if (is_loss && !plan_.may_lose() && !root_dies) here_.note(notice);
    }
    if (!job.is_done()) return;
    for (std::uint32_t row = 0; row < job.n_ranks(); ++row) {
      if (!root_dies && !plan_.may_lose() && !plan_.has_limit() && !job.has_served(to_rank(row)) &&
          !left_in_task(job, to_rank(row)))
        here_.note("rank " + std::to_string(row) + " did not stay until the end");
    }
    for (const auto& [rank, n] : here_.n_open) {
      if (n != 0 && left_by_itself(job, rank))
        here_.note(std::to_string(n) + " tasks of rank " + std::to_string(to_index(rank)) +
                   " were never told whether they count");
    }
  }

  /// The rank was at its end when the job ended: it was neither killed nor did it leave a task.
  bool left_by_itself(const sim::engine_job& job, rank_id rank) const {
    return job.has_served(rank) &&
           std::none_of(plan_.faults.begin(), plan_.faults.end(), [&](const fault_plan& one) {
             return one.what == fault_plan::kind::kill && one.rank == rank;
           });
  }

  /// The rank left while it was in a task that nobody wanted any more, such as the slower twin of
  /// one: it waits for such a task for a while only. If it was frozen then, the task was too.
  bool left_in_task(const sim::engine_job& job, rank_id rank) const {
    const auto task = here_.task_ends_at.find(rank);
    return job.last_words(rank).empty() && task != here_.task_ends_at.end() &&
           std::max(task->second, job.process(rank).frozen_until) >= job.ended_at(rank);
  }

  schedule_plan plan_;
  sim::timeline time_;
  random_stream chance_;
  std::string file_;
  situation here_;
  schedule_report report_;
  journal_fault fault_ = journal_fault::none;
  bool is_first_job_ = true;
  journal_change change_ = journal_change::none;  // that befell the journal before this job
  std::optional<std::string> expected_refusal_;   // of this job or one of its calls
  bool is_refused_ = false;
  std::vector<std::shared_ptr<bool>> pending_;
  std::vector<std::pair<std::uint32_t, std::vector<future<std::uint64_t>>>> submitted_;
};

}  // namespace rankwise::test
