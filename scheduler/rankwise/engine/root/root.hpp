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
#include <rankwise/engine/root/call_maker.hpp>
#include <rankwise/engine/root/job_totals.hpp>
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
        maker_(hosts_, losses_),
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
    const std::shared_ptr<running_call> made = maker_.make(call, how, name, place);
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
    const std::shared_ptr<running_call> running =
        maker_.make(*made, how, name, core::placement::anywhere);
    {
      const threads::lock_scope held(rank_.lock);
      role_.begin_call(running);
    }
    open_call& added = open_calls_.add(std::move(made), how, running);
    leave_messages();  // the helper thread hands out what is added
    return added;
  }

  void add_item(const open_call& call,
                bool is_withheld,
                const std::function<void(std::uint64_t)>& put) override
      RANKWISE_EXCLUDES(rank_.lock) {
    refuse_call_in_call("pool::submit");
    require_whole();
    const core::duration at = now();
    {
      const threads::lock_scope held(rank_.lock);
      core::coordinator& its = open_calls_.running(call).coordinator;
      const std::uint64_t index = its.options().n_items;
      if (is_withheld) its.add_withheld_item();
      put(index);
      if (!is_withheld) its.add_items(1);
      open_calls_.count_time(at);
    }
    poll_now_and_then(at);
  }

  void cancel_item(open_call& call, std::uint64_t index) override RANKWISE_EXCLUDES(rank_.lock) {
    const threads::lock_scope held(rank_.lock);
    call.on_cancel_asked(index);
    if (open_calls_.running(call).coordinator.withdraw(index)) call.on_cancelled(index);
  }

  void admit_item(const open_call& call, std::uint64_t index) override {
    open_calls_.running(call).coordinator.admit(index);
  }

  void drop_withheld_item(const open_call& call) override {
    open_calls_.running(call).coordinator.drop_withheld_item();
  }

  void tell(end_listener* newest) override { open_calls_.notices().tell(newest); }

  void work_until(const std::function<bool()>& is_over, const char* name) override
      RANKWISE_EXCLUDES(rank_.lock) {
    refuse_call_in_call(name);
    require_whole();
    std::optional<termination> heard;
    if (rank_.has_helper_thread) heard.emplace();
    work_until(is_over, std::shared_ptr<running_call>());
  }

  void look() override RANKWISE_EXCLUDES(rank_.lock) {
    require_whole();
    if (!is_in_task()) poll_now_and_then(now());
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
  void keep(observe::journal& book) { maker_.keep(book); }

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

  /// Turns to the network, from the body, unless that was just done; it is `at` now.
  void poll_now_and_then(core::duration at) RANKWISE_EXCLUDES(rank_.lock) {
    if (at.count() - rank_.polled_at.load(std::memory_order_relaxed) <
        rank_loop::poll_every.count())
      return;
    return_to_messages();
    or_break([this] { loop_.poll(); });
    leave_messages();
  }

  void require_whole() const {
    if (!broken_.empty()) throw cannot_go_on(broken_);
  }

  void refuse_call_in_call(const char* name) RANKWISE_EXCLUDES(rank_.lock) {
    if (is_in_task()) refuse_in_task(name);
  }

  bool is_in_task() RANKWISE_EXCLUDES(rank_.lock) {
    const threads::lock_scope held(rank_.lock);
    return role_.is_entered();
  }

  /// The computing thread goes off to the body: the helper thread polls, if silence would mean that
  /// this rank is lost, or if others work on what was submitted.
  void leave_messages() {
    if (losses_.survives() || !open_calls_.empty()) loop_.computing_thread_leaves();
  }

  void return_to_messages() {
    if (losses_.survives() || !open_calls_.empty()) loop_.computing_thread_returns();
  }

  /// Works on the calls under way, of which `begun` is the newest if it is there, until `is_over`.
  void work_until(std::function<bool()> is_over, std::shared_ptr<running_call> begun)
      RANKWISE_EXCLUDES(rank_.lock) {
    return_to_messages();
    or_break([&] {
      enter(std::move(is_over), std::move(begun));
      loop_.poll();
      loop_.run();
    });
    leave_calls();
    leave_messages();
  }

  /// Does `work`. If the job can't go on after that, no call can be made any more.
  template <class Work>
  void or_break(Work work) RANKWISE_EXCLUDES(rank_.lock) {
    try {
      or_bring_down(std::move(work));
    } catch (const cannot_go_on& error) {
      broken_ = error.what();
      const threads::lock_scope held(rank_.lock);
      role_.drop_calls();
      throw;
    }
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
      if (over.journaled) over.journaled->flush();
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
  call_maker maker_;
  open_calls open_calls_;
  std::uint32_t n_calls_ = 0;  // of the body, so far
  exchange::object_numbers object_numbers_;
  std::string broken_;  // why no more calls can be made; empty: they can
  job_totals totals_;   // changes between calls alone
  root_role role_ RANKWISE_GUARDED_BY(rank_.lock);
  rank_loop loop_;
};

}  // namespace rankwise::engine
