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
#include <rankwise/engine/root/call_numbers.hpp>
#include <rankwise/engine/root/job_totals.hpp>
#include <rankwise/engine/root/open_calls.hpp>
#include <rankwise/engine/root/root_role.hpp>
#include <rankwise/engine/root/root_work.hpp>
#include <rankwise/engine/root/running_call.hpp>
#include <rankwise/error.hpp>
#include <rankwise/exchange/channels.hpp>
#include <rankwise/exchange/object_numbers.hpp>
#include <rankwise/journal/journal.hpp>
#include <rankwise/observe/watcher.hpp>
#include <rankwise/options.hpp>
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
        loop_(rank_, role_),
        work_(rank_, role_, loop_, open_calls_, object_numbers_, losses_.survives()) {}

  std::uint32_t n_ranks() const override { return rank_.n_ranks; }

  /// Runs `call` on the ranks, and returns when no task of it runs any more.
  ///
  /// Throws: task_error if tasks failed; rank_lost if a rank was and the call can't go on without;
  /// config_error for a task limit that can't be kept, for a call that can't be journaled, or does
  /// not fit the journal, and for one without a name on another thread of the body that would need
  /// it; journal_error; cannot_go_on if messages or values can't be read; std::logic_error, naming
  /// `name`, inside a task.
  void run(root_call& call,
           const options& how,
           const char* name,
           core::placement place = core::placement::anywhere) override
      RANKWISE_EXCLUDES(rank_.lock) {
    const std::shared_ptr<running_call> made = make(call, how, name, place);
    const root_work::end_of_use end(work_, *made);
    const auto has_place = [this]() RANKWISE_REQUIRES(rank_.lock) {
      return !role_.calls().fill_ranks();
    };
    while (!work_.begin_call(made)) work_.until(has_place);
    work_.until([&made] { return made->is_over(); }, [&made] { return made->n_users() == 0; });
    finish(*made);
  }

  open_call* find_open_call(std::uint64_t name_hash, const options& how) override
      RANKWISE_EXCLUDES(rank_.lock) {
    const threads::lock_scope held(rank_.lock);
    role_.require_name_free(how.name);
    return open_calls_.find(name_hash, how);
  }

  open_call& begin_open_call(std::unique_ptr<open_call> made,
                             const options& how,
                             const char* name) override RANKWISE_EXCLUDES(rank_.lock) {
    const std::shared_ptr<running_call> running = make(*made, how, name, core::placement::anywhere);
    running->is_lasting = true;
    return work_.begin_open_call(std::move(made), how, running);
  }

  void add_item(const open_call& call,
                bool is_withheld,
                const std::function<void(std::uint64_t)>& put) override
      RANKWISE_EXCLUDES(rank_.lock) {
    work_.require_call("pool::submit");
    const core::duration at = now();
    {
      const threads::lock_scope held(rank_.lock);
      open_calls_.running(call).thread = rank_.machine.this_thread();
      core::coordinator& its = open_calls_.running(call).coordinator;
      const std::uint64_t index = its.options().n_items;
      if (is_withheld) its.add_withheld_item();
      put(index);
      if (!is_withheld) its.add_items(1);
      if (!role_.calls().oldest_passing()) open_calls_.count_time(at);
    }
    work_.poll_now_and_then(at);
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
    work_.require_call(name);
    work_.until(is_over);
  }

  void look() override RANKWISE_EXCLUDES(rank_.lock) { work_.look(); }

  void between_tasks(const std::function<void()>& work, const char* name) override
      RANKWISE_EXCLUDES(rank_.lock) {
    work_.require_call(name);
    work_.between_tasks(work);
  }

  void let_go_of_dropped() override RANKWISE_EXCLUDES(rank_.lock) { work_.let_go_of_dropped(); }

  core::duration now() const override { return rank_.machine.now(); }

  /// Waits for all that was submitted.
  ///
  /// Throws: task_error if tasks failed of whose failure nobody has been told.
  void finish_open_calls() RANKWISE_EXCLUDES(rank_.lock) {
    if (!has_open_calls()) return;
    work_.until([this] { return open_calls_.n_pending() == 0; });
    std::optional<task_error> unheard = open_calls_.unheard_failures();
    end_open_calls();
    if (unheard) throw task_error(std::move(*unheard));
  }

  /// Cancels all that was submitted and has not ended.
  void drop_open_calls() RANKWISE_EXCLUDES(rank_.lock) {
    if (!has_open_calls()) return;
    cancel_open_calls();
    work_.until([this] { return open_calls_.are_done(); });
    end_open_calls();
  }

  /// Tells the other ranks that the job is over, and waits until that is sent; if the job survives
  /// losses, until they have answered, but not for long: some may be lost.
  ///
  /// Throws: cannot_go_on if a call has, whatever became of its exception.
  void shut_down() RANKWISE_EXCLUDES(rank_.lock) {
    loop_.stop_helper_thread();
    work_.require_whole();
    rank_.context.let_go();
    say_shut_down();
    transport::backoff idle(rank_.machine);
    const core::duration begun = rank_.machine.now();
    idle.reset(begun);
    while (!is_shut_down(begun)) idle.wait(rank_.machine.now());
  }

  /// Writes calls to `book` from now on, if their options have a journal; it must outlive this.
  void keep(observe::journal& book) { maker_.keep(book); }

  std::uint32_t number_call(const options& how) override RANKWISE_EXCLUDES(rank_.lock) {
    const threads::lock_scope held(rank_.lock);
    if (how.name.empty()) return role_.threads().is_own() ? numbers_.next() : 0;
    role_.require_name_free(how.name);
    return numbers_.next(how.name, !how.journal.empty());
  }

  job_statistics totals() override RANKWISE_EXCLUDES(rank_.lock) {
    const threads::lock_scope held(rank_.lock);
    return totals_.all();
  }

  /// The figures of the calls that were not to be quiet, once the body has returned.
  const job_statistics& shown_totals() const { return totals_.shown(); }

  void note(const map_reduce_statistics& done) override RANKWISE_EXCLUDES(rank_.lock) {
    const threads::lock_scope held(rank_.lock);
    totals_.note(done);
  }

  void note(const pipeline_statistics& done) override RANKWISE_EXCLUDES(rank_.lock) {
    const threads::lock_scope held(rank_.lock);
    totals_.note(done);
  }

  void finish_report() override RANKWISE_EXCLUDES(rank_.lock) {
    const threads::lock_scope held(rank_.lock);
  }

  rank_context& context() override { return rank_.context; }

  const std::string& host(rank_id rank) const override { return hosts_[to_index(rank)]; }

  exchange::channels& others() override { return *rank_.context.others; }

  exchange::object_numbers& object_numbers() override { return object_numbers_; }

 private:
  static constexpr core::duration farewell = std::chrono::seconds(2);

  /// A call of the body that can begin.
  std::shared_ptr<running_call> make(root_call& call,
                                     const options& how,
                                     const char* name,
                                     core::placement place) RANKWISE_EXCLUDES(rank_.lock) {
    work_.require_call(name);
    if (!work_.is_own_thread()) require_call_name(call, how, name);
    return maker_.make(call, how, name, place);
  }

  bool has_open_calls() RANKWISE_EXCLUDES(rank_.lock) {
    const threads::lock_scope held(rank_.lock);
    return !open_calls_.empty();
  }

  void cancel_open_calls() RANKWISE_EXCLUDES(rank_.lock) {
    const threads::lock_scope held(rank_.lock);
    open_calls_.cancel();
  }

  void end_open_calls() RANKWISE_EXCLUDES(rank_.lock) {
    open_calls_.end([this](running_call& over) { end_call(over); });
  }

  /// Throws: rank_lost; journal_error; task_error.
  void finish(running_call& over) RANKWISE_EXCLUDES(rank_.lock) {
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
    if (!role_.calls().oldest_passing()) open_calls_.count_time(now());
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
  open_calls open_calls_;  // under the lock of the rank
  call_numbers numbers_ RANKWISE_GUARDED_BY(rank_.lock);
  exchange::object_numbers object_numbers_;
  job_totals totals_;  // under the lock too; the role reads it
  root_role role_ RANKWISE_GUARDED_BY(rank_.lock);
  rank_loop loop_;
  root_work work_;
};

}  // namespace rankwise::engine
