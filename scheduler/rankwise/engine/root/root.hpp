// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/coordinator_options.hpp>
#include <rankwise/core/types.hpp>
#include <rankwise/engine/call/abstract_root.hpp>
#include <rankwise/engine/call/call_rules.hpp>
#include <rankwise/engine/call/open_call.hpp>
#include <rankwise/engine/call/root_call.hpp>
#include <rankwise/engine/rank/cannot_go_on.hpp>
#include <rankwise/engine/rank/loss_settings.hpp>
#include <rankwise/engine/rank/rank_loop.hpp>
#include <rankwise/engine/rank/rank_state.hpp>
#include <rankwise/engine/root/job_totals.hpp>
#include <rankwise/engine/root/journaled_call.hpp>
#include <rankwise/engine/root/open_calls.hpp>
#include <rankwise/engine/root/root_role.hpp>
#include <rankwise/engine/root/running_call.hpp>
#include <rankwise/error.hpp>
#include <rankwise/exchange/channels.hpp>
#include <rankwise/exchange/object_numbers.hpp>
#include <rankwise/journal/journal.hpp>
#include <rankwise/observe/watcher.hpp>
#include <rankwise/options.hpp>
#include <rankwise/process/termination.hpp>
#include <rankwise/rank.hpp>
#include <rankwise/statistics.hpp>
#include <rankwise/task.hpp>
#include <rankwise/threads/mutex.hpp>
#include <rankwise/transport/backoff.hpp>
#include <rankwise/transport/endpoint.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace rankwise::engine {

/// The root: runs the calls that its body makes, on all ranks, itself among them.
class root final : public abstract_root {
 public:
  /// `hosts` has the host of each rank; `watch` is told how the job goes.
  root(transport::endpoint& endpoint,
       const std::vector<std::string>& hosts,
       observe::watcher& watch,
       const loss_settings& losses = {})
      : rank_(endpoint),
        losses_(losses.on(endpoint)),
        hosts_(hosts),
        watch_(watch),
        role_(rank_.state, hosts, losses_, watch, totals_),
        loop_(rank_, role_) {
    leave_messages();
  }

  std::uint32_t n_ranks() const override { return rank_.n_ranks; }

  /// Runs `call` on the ranks, and returns when no task of it runs any more.
  ///
  /// Throws: task_error if tasks failed; rank_lost if a rank was and the call can't go on without;
  /// config_error for a task limit that can't be kept, and for a call that can't be journaled, or
  /// does not fit the journal; journal_error; cannot_go_on if messages or values can't be read;
  /// std::logic_error, naming `name`, if a call is running already.
  void run(root_call& call,
           const options& how,
           const char* name,
           core::placement place = core::placement::anywhere) override
      RANKWISE_EXCLUDES(rank_.lock) {
    refuse_call_in_call(name);
    require_whole();
    std::optional<termination> heard;
    if (rank_.has_helper_thread) heard.emplace();
    const std::shared_ptr<running_call> made = prepare(call, how, name, place);
    open_calls_.pause_time(now());
    work_until([&made] { return made->coordinator.done(); }, made);
    end(*made);
  }

  open_call* find_open_call(std::uint64_t name_hash, const options& how) override {
    return open_calls_.find(name_hash, how);
  }

  open_call& begin_open_call(std::unique_ptr<open_call> made,
                             const options& how,
                             const char* name) override RANKWISE_EXCLUDES(rank_.lock) {
    refuse_call_in_call(name);
    require_whole();
    if (journal_ != nullptr) refuse_journal_of(name, how);
    const std::shared_ptr<running_call> running =
        prepare(*made, how, name, core::placement::anywhere);
    open_call& added = open_calls_.add(std::move(made), how, running);
    const threads::lock_scope held(rank_.lock);
    role_.begin_call(running);
    return added;
  }

  void add_item(const open_call& call, const std::function<void(std::uint64_t)>& put) override
      RANKWISE_EXCLUDES(rank_.lock) {
    refuse_call_in_call("pool::submit");
    require_whole();
    const core::duration at = now();
    {
      const threads::lock_scope held(rank_.lock);
      core::coordinator& its = open_calls_.running(call).coordinator;
      const std::uint64_t index = its.add_item();
      put(index);
      its.release_item(index);
      open_calls_.count_time(at);
    }
    if (at.count() - rank_.polled_at.load(std::memory_order_relaxed) >=
        rank_loop::poll_every.count())
      poll();
  }

  void cancel_item(open_call& call, std::uint64_t index) override RANKWISE_EXCLUDES(rank_.lock) {
    const threads::lock_scope held(rank_.lock);
    if (open_calls_.running(call).coordinator.withdraw(index)) call.on_cancelled(index);
  }

  void work_until(const std::function<bool()>& is_over, const char* name) override
      RANKWISE_EXCLUDES(rank_.lock) {
    refuse_call_in_call(name);
    require_whole();
    std::optional<termination> heard;
    if (rank_.has_helper_thread) heard.emplace();
    work_until(is_over, std::shared_ptr<running_call>());
  }

  core::duration now() const override { return rank_.machine.now(); }

  /// Waits for all that was submitted.
  ///
  /// Throws: task_error if tasks failed of whose failure nobody has been told.
  void finish_open_calls() RANKWISE_EXCLUDES(rank_.lock) {
    if (open_calls_.empty()) return;
    work_until([this] { return open_calls_.n_pending() == 0; }, "the end of the body");
    std::optional<task_error> unheard = open_calls_.unheard_failures();
    end_open_calls();
    if (unheard) throw task_error(std::move(*unheard));
  }

  /// Cancels all that was submitted and has not ended.
  void drop_open_calls() RANKWISE_EXCLUDES(rank_.lock) {
    if (open_calls_.empty() || !broken_.empty()) return;
    cancel_open_calls();
    work_until([this] { return open_calls_.are_done(); }, "the end of the body");
    end_open_calls();
  }

  /// Tells the other ranks that the job is over, and waits until that is sent; if the job survives
  /// losses, until they have answered, but not for long: some may be lost.
  ///
  /// Throws: cannot_go_on if a call has, whatever became of its exception.
  void shut_down() RANKWISE_EXCLUDES(rank_.lock) {
    loop_.stop_helper_thread();
    require_whole();
    rank_.context.let_go();
    say_shut_down();
    transport::backoff idle(rank_.machine);
    const core::duration begun = rank_.machine.now();
    idle.reset(begun);
    while (!is_shut_down(begun)) idle.wait(rank_.machine.now());
  }

  /// Writes calls to `book` from now on, if their options have a journal; it must outlive this.
  void keep(observe::journal& book) { journal_ = &book; }

  std::uint32_t count_call() override { return n_calls_++; }

  const job_statistics& totals() const override { return totals_.all(); }

  /// The figures of the calls that were not to be quiet.
  const job_statistics& shown_totals() const { return totals_.shown(); }

  void note(const map_reduce_statistics& done) override RANKWISE_EXCLUDES(rank_.lock) {
    const threads::lock_scope held(rank_.lock);
    totals_.note(done);
  }

  void note(const pipeline_statistics& done) override RANKWISE_EXCLUDES(rank_.lock) {
    const threads::lock_scope held(rank_.lock);
    totals_.note(done);
  }

  rank_context& context() override { return rank_.context; }

  const std::string& host(rank_id rank) const override { return hosts_[to_index(rank)]; }

  exchange::channels& others() override { return *rank_.context.others; }

  exchange::object_numbers& object_numbers() override { return object_numbers_; }

 private:
  static constexpr core::duration farewell = std::chrono::seconds(2);

  void cancel_open_calls() RANKWISE_EXCLUDES(rank_.lock) {
    const threads::lock_scope held(rank_.lock);
    open_calls_.cancel();
  }

  void end_open_calls() RANKWISE_EXCLUDES(rank_.lock) {
    open_calls_.end([this](running_call& over) { end_call(over); });
  }

  /// Turns to the network, from the body.
  void poll() RANKWISE_EXCLUDES(rank_.lock) {
    return_to_messages();
    or_bring_down([this] { loop_.poll(); });
    leave_messages();
  }

  void require_whole() const {
    if (!broken_.empty()) throw cannot_go_on(broken_);
  }

  void refuse_call_in_call(const char* name) RANKWISE_EXCLUDES(rank_.lock) {
    const threads::lock_scope held(rank_.lock);
    if (role_.is_entered()) refuse_in_task(name);
  }

  /// The computing thread goes off to the body: the helper thread polls, if silence would mean that
  /// this rank is lost, or if others work on what was submitted.
  void leave_messages() {
    if (losses_.survives() || !open_calls_.empty()) loop_.computing_thread_leaves();
  }

  void return_to_messages() {
    if (losses_.survives() || !open_calls_.empty()) loop_.computing_thread_returns();
  }

  /// A call that can begin.
  ///
  /// Throws: as `run`.
  std::shared_ptr<running_call> prepare(root_call& call,
                                        const options& how,
                                        const char* name,
                                        core::placement place) {
    require_task_limit(how, n_ranks(), losses_.survives());
    const bool may_run_again = call.may_run_again();
    if (!may_run_again) refuse_retry_of(name, how);
    const bool needs_all_ranks = !may_run_again || place == core::placement::one_each;
    if (needs_all_ranks) refuse_isolation_of(name, how);
    std::optional<journaled_call> journaled;
    if (journal_ != nullptr && !how.journal.empty()) {
      if (needs_all_ranks || call.task_name().empty()) refuse_journal_of(name, how);
      journaled.emplace(*journal_, call, ++n_journaled_, name, how.seed);
    }
    core::coordinator_options asked = to_coordinator_options(how, call.n_items(), place, n_ranks());
    asked.stop_on_failure = asked.stop_on_failure && !call.keeps_failures();
    asked.is_open = call.is_open();
    asked.lease = losses_.timeout;
    asked.again = journaled && journaled->is_resumed();
    asked.speculate = asked.speculate && may_run_again && place == core::placement::anywhere;
    if (asked.speculate) call.keep_results_encoded();  // another rank's may count
    const auto task_limit = std::chrono::duration_cast<core::duration>(
        std::chrono::duration<double>(needs_all_ranks ? 0 : how.task_limit_s));
    if (task_limit.count() != 0 && !how.isolate) asked.first_worker = 1;
    auto made = std::make_shared<running_call>(call, name, asked, std::move(journaled));
    made->sent = header_of(call, how, asked, task_limit);
    made->needs_all_ranks = needs_all_ranks;
    made->is_shown = !how.quiet;
    return made;
  }

  /// Works on the calls under way, of which `begun` is the newest if it is there, until `is_over`.
  void work_until(std::function<bool()> is_over, std::shared_ptr<running_call> begun)
      RANKWISE_EXCLUDES(rank_.lock) {
    return_to_messages();
    try {
      or_bring_down([&] {
        enter(std::move(is_over), std::move(begun));
        loop_.poll();
        loop_.run();
      });
    } catch (const cannot_go_on& error) {
      broken_ = error.what();
      const threads::lock_scope held(rank_.lock);
      role_.drop_calls();
      throw;
    }
    leave_calls();
    leave_messages();
  }

  void enter(std::function<bool()> is_over, std::shared_ptr<running_call> begun)
      RANKWISE_EXCLUDES(rank_.lock) {
    const threads::lock_scope held(rank_.lock);
    role_.enter(std::move(is_over), std::move(begun));
  }

  void leave_calls() RANKWISE_EXCLUDES(rank_.lock) {
    const threads::lock_scope held(rank_.lock);
    role_.leave();
    open_calls_.count_time(now());
  }

  /// Throws: rank_lost; journal_error; task_error.
  void end(running_call& over) RANKWISE_EXCLUDES(rank_.lock) {
    std::optional<std::string> lost_results;
    try {
      if (over.journaled) journal_->flush();
    } catch (const journal_error& error) {
      lost_results = error.what();
    }
    end_call(over);
    if (over.lost_rank) throw rank_lost(*over.lost_rank);
    if (lost_results) throw journal_error(*lost_results);
    over.end_with_failures();
  }

  void end_call(running_call& over) RANKWISE_EXCLUDES(rank_.lock) {
    const threads::lock_scope held(rank_.lock);
    totals_.add(over, rank_.machine.now(), rank_.state.links.n_frames(), role_.ranks().losses());
    if (over.is_shown) watch_.call_over(totals_.shown());
    role_.end_call(over);
  }

  void say_shut_down() RANKWISE_EXCLUDES(rank_.lock) {
    const threads::lock_scope held(rank_.lock);
    role_.shut_down();
  }

  bool is_shut_down(core::duration begun) RANKWISE_EXCLUDES(rank_.lock) {
    if (losses_.survives()) loop_.poll();
    const threads::lock_scope held(rank_.lock);
    return role_.is_shut_down() || (losses_.survives() && rank_.machine.now() - begun > farewell);
  }

  this_rank rank_;
  const loss_settings losses_;
  const std::vector<std::string> hosts_;  // by rank
  observe::watcher& watch_;
  observe::journal* journal_ = nullptr;  // null: none
  open_calls open_calls_;
  std::uint32_t n_calls_ = 0;      // of the body, so far
  std::uint32_t n_journaled_ = 0;  // calls, so far
  exchange::object_numbers object_numbers_;
  std::string broken_;  // why no more calls can be made; empty: they can
  job_totals totals_;   // changes between calls alone
  root_role role_ RANKWISE_GUARDED_BY(rank_.lock);
  rank_loop loop_;
};

}  // namespace rankwise::engine
