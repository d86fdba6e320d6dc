// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/coordinator.hpp>
#include <rankwise/core/message.hpp>
#include <rankwise/core/types.hpp>
#include <rankwise/engine/rank/loss_settings.hpp>
#include <rankwise/engine/rank/rank_role.hpp>
#include <rankwise/engine/rank/rank_state.hpp>
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
#include <memory>
#include <optional>
#include <span>
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
        dispatch_(state, supervisor_.ranks()) {}

  /// The running call; null if there is none.
  const running_call* current_call() const { return dispatch_.current().get(); }

  const rank_table& ranks() const { return supervisor_.ranks(); }

  void begin_call(std::shared_ptr<running_call> call) {
    if (call->journaled && call->journaled->held().count() != 0) {
      watch_->notice(fmt::format("{} holds {} of {} items of {}",
                                 call->journaled->file(),
                                 call->journaled->held().count(),
                                 call->call.n_items(),
                                 call->name));
    }
    dispatch_.begin(std::move(call), state_->machine.now());
  }

  /// The call is over, and is returned.
  std::shared_ptr<running_call> end_call() {
    const core::coordinator& coordinator = dispatch_.current()->coordinator;
    for (std::size_t row = 1; row < coordinator.options().n_ranks; ++row)
      supervisor_.note_incarnation(to_rank(row), coordinator.record(to_rank(row)).incarnation);
    return dispatch_.end();
  }

  void drop_call() { dispatch_.drop(); }

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
    if (current_call() == nullptr) return;
    dispatch_.on_poll(at);
    show_progress(*dispatch_.current(), at);
  }

  std::shared_ptr<chunk_runner> on_chunk() override { return dispatch_.current(); }

  bool is_over() const override { return dispatch_.current()->coordinator.done(); }

 private:
  void on_message(rank_id from,
                  core::incarnation_number incarnation,
                  const core::any_report& report,
                  std::span<const std::byte> payload,
                  core::duration at) {
    const bool is_stuck = core::is_stuck(report);
    if (!supervisor_.on_message(from, is_stuck)) return;
    dispatch_.on_report(from, incarnation, report, payload, at);
    if (is_stuck && dispatch_.uses(from)) {
      const core::incarnation_number current =
          dispatch_.current()->coordinator.record(from).incarnation;
      if (current != incarnation) supervisor_.begin_incarnation(from, current);
    }
    if (std::holds_alternative<core::reports::departed>(report)) supervisor_.on_departed(from);
  }

  void check_ranks(core::duration at) {
    if (!supervisor_.is_check_due(at)) return;
    for (const rank_id rank : supervisor_.ended_processes()) {
      on_rank_lost(dispatch_.uses(rank) ? dispatch_.current()->coordinator.lost(rank, at, true)
                                        : core::loss{rank, 0},
                   "its process has ended",
                   at);
    }
    if (current_call() != nullptr) {
      for (const core::loss& loss : dispatch_.current()->coordinator.tick(at)) {
        on_rank_lost(loss,
                     fmt::format("silent for {:.3g} s",
                                 std::chrono::duration<double>(losses_.timeout).count()),
                     at);
      }
    }
    supervisor_.send_due_heartbeats(at);
  }

  void on_rank_lost(const core::loss& loss, const std::string& reason, core::duration at) {
    std::optional<core::incarnation_number> next;
    if (dispatch_.uses(loss.rank))
      next = dispatch_.current()->coordinator.record(loss.rank).incarnation;
    if (!supervisor_.on_rank_lost(loss, reason, next, at) || current_call() == nullptr) return;
    dispatch_.current()->on_rank_lost(loss.rank, ranks().host(loss.rank), "was lost during");
  }

  void show_progress(const running_call& call, core::duration at) {
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
  termination_notice termination_notice_;
};

}  // namespace rankwise::engine
