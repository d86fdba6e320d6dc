// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/coordinator.hpp>
#include <rankwise/core/message.hpp>
#include <rankwise/core/types.hpp>
#include <rankwise/engine/rank/loss_settings.hpp>
#include <rankwise/engine/rank/rank_role.hpp>
#include <rankwise/engine/rank/rank_state.hpp>
#include <rankwise/engine/root/body_threads.hpp>
#include <rankwise/engine/root/call_dispatch.hpp>
#include <rankwise/engine/root/job_totals.hpp>
#include <rankwise/engine/root/running_call.hpp>
#include <rankwise/engine/root/supervisor.hpp>
#include <rankwise/engine/root/termination_notice.hpp>
#include <rankwise/exchange/frame_layout.hpp>
#include <rankwise/exchange/frame_reader.hpp>
#include <rankwise/observe/watcher.hpp>
#include <rankwise/process/launcher.hpp>
#include <rankwise/rank.hpp>
#include <rankwise/wire/buffer.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace rankwise::engine {

/// What the root does about messages: its supervisor knows who is there, its dispatch what they
/// work on, and each is told by this one what the other must know.
///
/// Local: nothing blocks; the caller holds the lock of the rank.
class root_role final : public rank_role {
 public:
  /// `watch` is told how the job goes; `totals` are those of the calls before.
  root_role(rank_state& state,
            std::vector<std::string> hosts,
            const loss_settings& losses,
            observe::watcher& watch,
            const job_totals& totals)
      : state_(&state),
        losses_(losses),
        watch_(&watch),
        totals_(&totals),
        supervisor_(state, std::move(hosts), losses, watch),
        dispatch_(state, supervisor_.ranks()),
        threads_(state.machine) {}

  /// Those of the body.
  body_threads& threads() { return threads_; }

  /// The calls under way, in the order in which they have begun.
  const calls_under_way& calls() const { return dispatch_.calls(); }

  const rank_table& ranks() const { return supervisor_.ranks(); }

  void begin_call(std::shared_ptr<running_call> call) {
    if (call->journaled && call->journaled->held().count() != 0) {
      watch_->notice(fmt::format("{} holds {} of {} items of {}",
                                 call->journaled->file(),
                                 call->journaled->held().count(),
                                 call->call.n_items(),
                                 call->name));
    }
    call->thread = state_->machine.this_thread();
    call->coordinator.set_root_away(!is_entered());
    dispatch_.begin(std::move(call), state_->machine.now());
  }

  /// Throws: std::logic_error if another thread has calls of that name under way: such calls would
  /// have no order.
  void require_name_free(const std::string& name) const {
    if (name.empty()) return;
    for (const std::shared_ptr<running_call>& one : calls()) {
      if (one->own_name != name || one->thread == state_->machine.this_thread()) continue;
      if (one->is_lasting && one->coordinator.n_pending() == 0) continue;
      throw std::logic_error(
          fmt::format("options::name: found calls of two threads at once that are named \"{}\", "
                      "accepted: another name for each thread",
                      name));
    }
  }

  /// A call that is under way is over.
  void end_call(running_call& call) {
    for (std::size_t row = 1; row < call.coordinator.options().n_ranks; ++row)
      supervisor_.note_incarnation(to_rank(row), dispatch_.incarnation_of(to_rank(row)));
    dispatch_.end(call);
  }

  void drop_calls() {
    is_over_ = nullptr;
    dispatch_.drop();
  }

  /// The computing thread works on the calls under way until `is_over`, asked under the lock, or
  /// until another thread of the body is to.
  void enter(std::function<bool()> is_over) {
    is_over_ = std::move(is_over);
    dispatch_.set_root_away(false);
  }

  /// The computing thread is away.
  void leave() {
    is_over_ = nullptr;
    dispatch_.set_root_away(true);
  }

  /// The computing thread works on calls.
  bool is_entered() const { return is_over_ != nullptr; }

  /// Lets the other ranks know that the job is over.
  void shut_down() { supervisor_.shut_down(); }

  /// All that was sent has gone, and if the job survives losses every rank has answered or is lost.
  bool is_shut_down() {
    return state_->links.all_sent() && (!losses_.survives() || ranks().others().empty());
  }

  void on_frame(rank_id from, exchange::frame_reader& frame, core::duration at) override {
    core::any_report report;
    std::span<const std::byte> payload;
    while (frame.next(report, payload)) on_message(from, frame.incarnation(), report, payload, at);
  }

  void on_report(const core::any_report& report, wire::bytes& buffer) override {
    const std::span<const std::byte> whole = buffer;
    dispatch_.on_report(root_rank,
                        state_->worker.incarnation(),
                        report,
                        whole.subspan(std::min(whole.size(), exchange::report_headroom)),
                        state_->machine.now());
  }

  void on_poll(core::duration at) override {
    if (losses_.survives()) check_ranks(at);
    if (!calls().empty()) {
      dispatch_.on_poll(at);
      show_progress(at);
    }
    threads_.look();
  }

  std::shared_ptr<chunk_runner> find_call(std::uint32_t call) override {
    return calls().find(call);
  }

  std::shared_ptr<chunk_runner> find_call_with_results() override {
    return dispatch_.find_with_results();
  }

  bool is_over() const override { return !is_over_ || threads_.has_urgent() || is_over_(); }

 private:
  void on_message(rank_id from,
                  core::incarnation_number incarnation,
                  const core::any_report& report,
                  std::span<const std::byte> payload,
                  core::duration at) {
    const bool is_stuck = core::is_stuck(report);
    if (!supervisor_.on_message(from, is_stuck)) return;
    dispatch_.on_report(from, incarnation, report, payload, at);
    if (is_stuck && !calls().empty()) {
      const core::incarnation_number current = dispatch_.incarnation_of(from);
      if (current != incarnation) supervisor_.begin_incarnation(from, current);
    }
    if (std::holds_alternative<core::reports::departed>(report)) supervisor_.on_departed(from);
  }

  void check_ranks(core::duration at) {
    if (!supervisor_.is_check_due(at)) return;
    for (const rank_id rank : supervisor_.ended_processes())
      on_rank_lost(dispatch_.on_rank_lost(rank, at, true), "its process has ended", at);
    for (const core::loss& loss : dispatch_.tick(at)) {
      on_rank_lost(loss,
                   fmt::format("silent for {:.3g} s",
                               std::chrono::duration<double>(losses_.timeout).count()),
                   at);
    }
    supervisor_.send_due_heartbeats(at);
  }

  void on_rank_lost(const core::loss& loss, const std::string& reason, core::duration at) {
    std::optional<core::incarnation_number> next;
    if (calls().use(loss.rank)) next = dispatch_.incarnation_of(loss.rank);
    if (!supervisor_.on_rank_lost(loss, reason, next, at)) return;
    for (const std::shared_ptr<running_call>& call : calls())
      call->on_rank_lost(loss.rank, ranks().host(loss.rank), "was lost during");
  }

  /// Of the calls under way, the one that has begun last is shown.
  void show_progress(core::duration at) {
    const running_call& call = *calls().back();
    termination_notice_.look(at, [&] {
      // What is shown and what is said last count the same.
      const bool is_line_open =
          call.is_shown && watch_->show_now(call.added_to(totals_->shown(), at));
      return (is_line_open && !launcher_line::of_process() ? "\n" : "") + call.describe_end(at);
    });
    if (call.is_shown && !termination_notice_.are_prepared())
      watch_->update(call.added_to(totals_->shown(), at), at);
  }

  rank_state* state_;
  loss_settings losses_;
  observe::watcher* watch_;
  const job_totals* totals_;
  supervisor supervisor_;
  call_dispatch dispatch_;
  body_threads threads_;
  termination_notice termination_notice_;
  std::function<bool()> is_over_;  // empty: the computing thread is away
};

}  // namespace rankwise::engine
