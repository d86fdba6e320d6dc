// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/coordinator.hpp>
#include <rankwise/core/message.hpp>
#include <rankwise/core/types.hpp>
#include <rankwise/engine/rank/loss_settings.hpp>
#include <rankwise/engine/rank/rank_state.hpp>
#include <rankwise/engine/root/rank_table.hpp>
#include <rankwise/observe/watcher.hpp>
#include <rankwise/process/process_watch.hpp>
#include <rankwise/rank.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace rankwise::engine {

/// Who of the job is present, lost or back: the root watches processes, sends heartbeats, and lets
/// every rank know. It knows nothing of calls.
///
/// Local: nothing blocks; the caller holds the lock of the rank.
class supervisor {
 public:
  /// `hosts` has the host of each rank; `watch` is told of ranks that are lost or back.
  supervisor(rank_state& state,
             std::vector<std::string> hosts,
             const loss_settings& losses,
             observe::watcher& watch)
      : state_(&state),
        watch_(&watch),
        timeout_(losses.timeout),
        heartbeat_(losses.heartbeat()),
        table_(std::move(hosts), state.machine.now()),
        processes_(state.machine.new_process_watch()) {
    if (!losses.survives()) return;
    for (std::size_t row = 1; row < losses.processes.size(); ++row)
      processes_->add(to_rank(row), losses.processes[row]);
  }

  const rank_table& ranks() const { return table_; }

  /// True every so often: then it is to be asked who is lost.
  bool is_check_due(core::duration at) {
    if (at < next_check_) return false;
    next_check_ = at + std::min(longest_check_interval, timeout_ / 8);
    return true;
  }

  /// The ranks whose processes have ended since this was last asked.
  std::vector<rank_id> ended_processes() {
    std::vector<rank_id> ended = processes_->ended();
    for (const rank_id rank : ended) {
      table_.on_process_ended(rank);
      state_->links.forget(rank);
    }
    return ended;
  }

  /// Lets the other ranks know, if it is time, that the root lives and who is lost.
  void send_due_heartbeats(core::duration at) {
    if (at >= next_heartbeat_) send_heartbeats(at);
  }

  /// `rank` has said something, `is_stuck` in a task that takes too long or not. False if it can't
  /// have: its process has ended.
  bool on_message(rank_id rank, bool is_stuck) {
    if (table_.of(rank).is_gone) return false;
    if (table_.on_message(rank, is_stuck)) {
      state_->links.expect(rank, true);
      send_heartbeats(state_->machine.now());  // before anything that has the others write to it
      watch_->notice(
          fmt::format("rank {} on {} is back", static_cast<int>(rank), table_.host(rank)));
    }
    return true;
  }

  /// A rank is lost; if it comes back while the call goes on, it begins `next_incarnation`. Returns
  /// false if that is known, or nobody minds.
  bool on_rank_lost(const core::loss& loss,
                    const std::string& reason,
                    std::optional<core::incarnation_number> next_incarnation,
                    core::duration at) {
    if (!table_.on_rank_lost(loss, reason, at)) return false;
    const bool may_come_back = !table_.of(loss.rank).is_gone;
    if (next_incarnation && may_come_back) begin_incarnation(loss.rank, *next_incarnation);
    state_->links.expect(loss.rank, false);
    if (is_ending_) return false;
    send_heartbeats(at);
    watch_->notice(fmt::format("rank {} on {} is lost: {}; {} {} run again",
                               static_cast<int>(loss.rank),
                               table_.host(loss.rank),
                               reason,
                               loss.n_items,
                               loss.n_items == 1 ? "item is" : "items are"));
    return true;
  }

  /// Lets a rank know that it was given up: what it still holds, or was told to settle, counts no
  /// more. One that is frozen reads that before it does anything else.
  void begin_incarnation(rank_id rank, core::incarnation_number incarnation) {
    table_.set_incarnation(rank, incarnation);
    send_heartbeat(rank, table_.lost());
    state_->links.outbox_to(rank).send();
  }

  /// A rank has this incarnation after a call, as it knows.
  void note_incarnation(rank_id rank, core::incarnation_number incarnation) {
    table_.set_incarnation(rank, incarnation);
  }

  /// A rank has sent its last message.
  void on_departed(rank_id rank) { table_.on_departed(rank); }

  /// The job is over: lets the other ranks know.
  void shut_down() {
    is_ending_ = true;
    for (const rank_id rank : table_.others())
      state_->links.queue_to(rank).add(0, core::orders::shutdown{});
    state_->links.send_all();
  }

 private:
  static constexpr core::duration longest_check_interval = std::chrono::milliseconds(100);

  void send_heartbeats(core::duration at) {
    next_heartbeat_ = at + heartbeat_;
    const std::vector<std::uint32_t> lost = table_.lost();
    for (const rank_id rank : table_.others()) send_heartbeat(rank, lost);
  }

  /// Lets `rank` know that the root lives, which incarnation of its own counts, and who is `lost`:
  /// what goes from rank to rank must not wait for those.
  void send_heartbeat(rank_id rank, const std::vector<std::uint32_t>& lost) {
    state_->links.queue_to(rank).add(
        table_.of(rank).incarnation, core::orders::heartbeat{}, std::as_bytes(std::span(lost)));
  }

  rank_state* state_;
  observe::watcher* watch_;
  core::duration timeout_;
  core::duration heartbeat_;
  rank_table table_;
  std::unique_ptr<process_watch> processes_;
  core::duration next_check_{};
  core::duration next_heartbeat_{};
  bool is_ending_ = false;
};

}  // namespace rankwise::engine
