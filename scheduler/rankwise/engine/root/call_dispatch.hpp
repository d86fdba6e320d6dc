// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/coordinator.hpp>
#include <rankwise/core/message.hpp>
#include <rankwise/core/types.hpp>
#include <rankwise/engine/call/failure_text.hpp>
#include <rankwise/engine/call/task_threw.hpp>
#include <rankwise/engine/rank/rank_state.hpp>
#include <rankwise/engine/root/rank_table.hpp>
#include <rankwise/engine/root/running_call.hpp>
#include <rankwise/exchange/outbox.hpp>
#include <rankwise/rank.hpp>
#include <rankwise/wire/buffer.hpp>

#include <fmt/core.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace rankwise::engine {

/// Hands out the items of the running call, and takes what the ranks report of them.
///
/// Local: nothing blocks; the caller holds the lock of the rank.
class call_dispatch {
 public:
  /// `ranks` says who is present.
  call_dispatch(rank_state& state, const rank_table& ranks)
      : state_(&state), ranks_(&ranks), introduced_(ranks.n_ranks()) {}

  /// The running call; null if there is none.
  const std::shared_ptr<running_call>& current() const { return call_; }

  /// Whether a call is running, and `rank` is one of those that it is handed out to.
  bool uses(rank_id rank) const { return call_ && call_->uses(rank); }

  void begin(std::shared_ptr<running_call> call, core::duration at) {
    call_ = std::move(call);
    state_->worker.begin(++call_number_);
    call_->begun = at;
    core::coordinator& coordinator = call_->coordinator;
    for (std::size_t row = 0; row < coordinator.options().n_ranks; ++row) {
      const rank_id rank = to_rank(row);
      const rank_table::entry& known = ranks_->of(rank);
      if (known.is_present && !known.is_stuck) {
        coordinator.joined(rank, at, known.incarnation);
      } else {
        coordinator.absent(rank, known.incarnation, known.is_gone);
        call_->on_rank_lost(
            rank,
            ranks_->host(rank),
            known.is_present ? "was in a task that takes too long before" : "was lost before");
      }
    }
    if (coordinator.n_active() == 0) coordinator.enlist_root(at);
  }

  /// Ends the running call, and returns it. What a rank still works on, as the slower of two, is
  /// not wanted.
  std::shared_ptr<running_call> end() {
    if (call_->coordinator.n_at_work() != 0) cancel_everywhere();
    state_->links.send_all();
    return std::exchange(call_, nullptr);
  }

  /// Drops the running call, of which nothing can be told any more.
  void drop() { call_.reset(); }

  /// Hands out what is due of the running call, or cancels it everywhere.
  void on_poll(core::duration at) {
    report_given_up();
    if (call_->journaled && call_->journaled->is_broken()) call_->coordinator.cancel();
    if (!call_->journaled || !call_->journaled->is_behind()) hand_out(at);
    if (call_->coordinator.cancelled() && !call_->cancel_told) cancel_everywhere();
  }

  /// A rank, maybe this one, reports something.
  ///
  /// Throws: wire::decode_error if it can't be read.
  void on_report(rank_id from,
                 core::incarnation_number incarnation,
                 const core::message& report,
                 std::span<const std::byte> payload,
                 core::duration at) {
    const core::verdict verdict = judge(from, incarnation, report, at);
    const bool accepted = verdict == core::verdict::accepted;
    switch (report.kind) {
      case core::message_kind::done:
        if (accepted) take_results(from, report, payload);
        if (report.flag) order_to_settle(from, incarnation, report, accepted);
        break;
      case core::message_kind::failed:
      case core::message_kind::unsettled:
        if (verdict != core::verdict::dropped)
          fail(from, report.items.first, failure_text::decode(payload), accepted);
        break;
      case core::message_kind::overran:
        if (verdict != core::verdict::dropped)
          fail(from, report.items.first, overrun_of(call_->sent), accepted);
        break;
      case core::message_kind::settled:
        if (accepted && call_->journaled) call_->journaled->settled(report.items.first);
        break;
      case core::message_kind::returned:
      case core::message_kind::alive:
      case core::message_kind::left:
        break;
      default:
        throw wire::decode_error(fmt::format("rank {} sent a message of kind {}",
                                             static_cast<int>(from),
                                             static_cast<int>(report.kind)));
    }
  }

 private:
  /// What a report of a call that is over shows is that its rank lives.
  core::verdict judge(rank_id from,
                      core::incarnation_number incarnation,
                      const core::message& report,
                      core::duration at) {
    if (!uses(from)) return core::verdict::dropped;
    if (report.call == call_number_)
      return call_->coordinator.receive(from, incarnation, report, at);
    core::message alive;
    alive.kind = core::message_kind::alive;
    alive.flag = core::is_stuck(report);
    call_->coordinator.receive(from, incarnation, alive, at);
    return core::verdict::dropped;
  }

  void take_results(rank_id from, const core::message& report, std::span<const std::byte> results) {
    if (!results.empty()) call_->call.take(report.items, results);
    if (!call_->journaled) return;
    call_->journaled->done(from, report.items, report.elapsed, results, report.flag);
  }

  void order_to_settle(rank_id to,
                       core::incarnation_number incarnation,
                       const core::message& done,
                       bool accepted) {
    core::message order = done;
    order.kind = core::message_kind::settle;
    order.flag = accepted;
    send(to, incarnation, order);
  }

  static task_threw overrun_of(const call_header& header) {
    return {fmt::format("it took longer than {:.3g} s (--task-limit)",
                        std::chrono::duration<double>(header.task_limit).count())};
  }

  void fail(rank_id rank, std::uint64_t index, task_threw threw, bool is_final = true) {
    call_->on_failure({index,
                       static_cast<std::int32_t>(rank),
                       ranks_->host(rank),
                       std::move(threw.text),
                       threw.is_configuration},
                      is_final);
  }

  void report_given_up() {
    for (const core::given_up_item& item : call_->coordinator.take_given_up()) {
      fail(item.last,
           item.index,
           {fmt::format("given up: {} ranks were lost while they ran it", item.losses)});
    }
  }

  void hand_out(core::duration at) {
    while (const std::optional<core::grant> given = call_->coordinator.next_grant(at)) {
      core::message order;
      order.kind = core::message_kind::grant;
      order.call = call_number_;
      order.chunk = given->chunk;
      order.items = given->items;
      order.flag = given->again;
      if (given->rank == root_rank) {
        send(given->rank, given->incarnation, order);
        continue;
      }
      introduce_call(given->rank, given->incarnation);
      exchange::outbox& box = state_->links.queue_to(given->rank);
      call_->call.encode_inputs(given->items, box.begin(given->incarnation, order));
      box.end();
    }
  }

  /// Sends what the call is to a rank that gets its first chunk of it.
  void introduce_call(rank_id rank, core::incarnation_number incarnation) {
    if (std::exchange(introduced_[to_index(rank)], call_number_) == call_number_) return;
    core::message message;
    message.kind = core::message_kind::call;
    message.call = call_number_;
    exchange::outbox& box = state_->links.queue_to(rank);
    wire::bytes& payload = box.begin(incarnation, message);
    wire::append_value(payload, call_->sent);
    call_->call.encode_call(payload);
    box.end();
  }

  void cancel_everywhere() {
    call_->cancel_told = true;
    core::message order;
    order.kind = core::message_kind::cancel;
    order.call = call_number_;
    const core::coordinator& coordinator = call_->coordinator;
    for (std::size_t row = 0; row < coordinator.options().n_ranks; ++row) {
      const core::rank_record& record = coordinator.record(to_rank(row));
      if (record.chunks_out != 0) send(to_rank(row), record.incarnation, order);
    }
  }

  /// Sends an order to a rank, which may be this one.
  void send(rank_id to, core::incarnation_number incarnation, const core::message& order) {
    if (to != root_rank) {
      state_->links.queue_to(to).add(incarnation, order);
    } else if (order.kind == core::message_kind::settle) {
      state_->settle_orders.push_back({incarnation, order});
    } else {
      std::vector<core::message> replies;
      state_->worker.receive(incarnation, order, {}, replies);
      for (const core::message& reply : replies)
        on_report(root_rank, state_->worker.incarnation(), reply, {}, state_->machine.now());
    }
  }

  rank_state* state_;
  const rank_table* ranks_;
  std::vector<std::uint32_t> introduced_;  // the last call that a rank was told of, by rank
  std::shared_ptr<running_call> call_;
  std::uint32_t call_number_ = 0;
};

}  // namespace rankwise::engine
