// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/message.hpp>
#include <rankwise/core/types.hpp>
#include <rankwise/engine/call/failure_text.hpp>
#include <rankwise/engine/call/task_threw.hpp>
#include <rankwise/engine/rank/rank_role.hpp>
#include <rankwise/engine/rank/rank_state.hpp>
#include <rankwise/exchange/frame_layout.hpp>
#include <rankwise/threads/mutex.hpp>
#include <rankwise/wire/buffer.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace rankwise::engine {

/// Reports what the tasks of this rank have done, and tells tasks what the root has decided about
/// their results.
///
/// Local: on the computing thread.
class task_reports {
 public:
  /// `role` is guarded by the lock of `rank`.
  task_reports(this_rank& rank, rank_role& role) : rank_(rank), role_(role) {}

  /// The next items of the chunk, `items`, are done; their results stand in `buffer`.
  void done(core::item_range items, core::duration elapsed, wire::bytes& buffer)
      RANKWISE_EXCLUDES(rank_.lock) {
    const bool settle = rank_.context.settle.any_in(items);
    if (!report_done(items, elapsed, settle, buffer) && settle) rank_.context.settle.reject(items);
  }

  /// A part of the next item of the chunk is done; that and the rest, cut into two or not, stand in
  /// `buffer`.
  void split_off(bool is_cut, wire::bytes& buffer) RANKWISE_EXCLUDES(rank_.lock) {
    const threads::lock_scope held(rank_.lock);
    if (is_cut) rank_.context.split_wanted.store(false, std::memory_order_relaxed);
    if (const std::optional<core::reports::split_off> report = rank_.state.worker.split_off(is_cut))
      role_.on_report(*report, buffer);
  }

  /// The task of the next item of the chunk threw.
  void failed(const task_threw& threw) RANKWISE_EXCLUDES(rank_.lock) {
    const threads::lock_scope held(rank_.lock);
    if (const std::optional<core::reports::failed> report = rank_.state.worker.failed())
      report_failure(*report, threw);
  }

  /// Tells the tasks of the oldest order that waits what the root has decided; false if none waits.
  /// Orders are taken one by one: this rank may hear between two of them that it was given up.
  bool settle_next() RANKWISE_EXCLUDES(rank_.lock) {
    const situation now = take_order();
    if (now.epoch != rank_.context.settle.epoch())
      rank_.context.settle.enter(now.epoch, now.incarnation, now.open);
    if (!now.oldest) return false;
    if (now.is_current()) settle(now.oldest->order);
    return true;
  }

 private:
  /// Returns whether the chunk is still this rank's.
  bool report_done(core::item_range items, core::duration elapsed, bool settle, wire::bytes& buffer)
      RANKWISE_EXCLUDES(rank_.lock) {
    const threads::lock_scope held(rank_.lock);
    const std::optional<core::reports::done> report =
        rank_.state.worker.done(items.count, elapsed, settle);
    if (report) role_.on_report(*report, buffer);
    return report.has_value();
  }

  /// What this rank is in, and the oldest order that waits.
  struct situation {
    std::uint64_t epoch = 0;
    core::incarnation_number incarnation = 0;
    std::vector<std::uint32_t> open;  // calls; only if the epoch is new
    std::optional<settle_order> oldest;
    bool is_of_open_call = false;

    bool is_current() const { return is_of_open_call && oldest->incarnation == incarnation; }
  };

  situation take_order() RANKWISE_EXCLUDES(rank_.lock) {
    const threads::lock_scope held(rank_.lock);
    rank_state& state = rank_.state;
    situation now;
    now.epoch = state.worker.epoch();
    now.incarnation = state.worker.incarnation();
    if (now.epoch != rank_.context.settle.epoch()) now.open = state.worker.calls();
    if (state.settle_orders.empty()) return now;
    now.oldest = state.settle_orders.front();
    now.is_of_open_call = state.worker.knows(now.oldest->order.call);
    state.settle_orders.pop_front();
    return now;
  }

  void settle(const core::orders::settle& order) RANKWISE_EXCLUDES(rank_.lock) {
    for (std::uint64_t index = order.items.first; index != order.items.end(); ++index) {
      if (!order.accepted) {
        rank_.context.settle.settle({order.call, order.chunk}, index, false);
        continue;
      }
      std::optional<task_threw> threw;
      try {
        rank_.context.settle.settle({order.call, order.chunk}, index, true);
      } catch (...) {
        threw = describe_exception();
      }
      const threads::lock_scope held(rank_.lock);
      if (threw) {
        report_failure(core::reports::unsettled{order.call, index}, *threw);
      } else {
        wire::bytes nothing;
        role_.on_report(core::reports::settled{order.call, index}, nothing);
      }
    }
  }

  void report_failure(const core::any_report& report, const task_threw& threw)
      RANKWISE_REQUIRES(rank_.lock) {
    wire::bytes buffer(exchange::report_headroom);
    const std::vector<std::byte> text = failure_text::encode(threw);
    wire::append(buffer, text.data(), text.size());
    role_.on_report(report, buffer);
  }

  this_rank& rank_;
  rank_role& role_ RANKWISE_GUARDED_BY(rank_.lock);
};

}  // namespace rankwise::engine
