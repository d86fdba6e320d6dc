// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/coordinator.hpp>
#include <rankwise/core/message.hpp>
#include <rankwise/core/types.hpp>
#include <rankwise/engine/rank/rank_state.hpp>
#include <rankwise/engine/root/call_reports.hpp>
#include <rankwise/engine/root/calls_under_way.hpp>
#include <rankwise/engine/root/rank_table.hpp>
#include <rankwise/engine/root/running_call.hpp>
#include <rankwise/engine/root/split_orders.hpp>
#include <rankwise/exchange/outbox.hpp>
#include <rankwise/rank.hpp>
#include <rankwise/wire/buffer.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <variant>
#include <vector>

namespace rankwise::engine {

/// Hands out the items of the calls under way, and has each hear what the ranks report of it. A
/// rank is in one incarnation in all of them: what gives it up in one does in each.
///
/// Local: nothing blocks; the caller holds the lock of the rank.
class call_dispatch {
 public:
  /// `ranks` says who is present.
  call_dispatch(rank_state& state, const rank_table& ranks)
      : state_(&state), ranks_(&ranks), reports_(state, ranks) {}

  const calls_under_way& calls() const { return calls_; }

  std::shared_ptr<running_call> find_with_results() { return calls_.find_with_results(); }

  void begin(std::shared_ptr<running_call> made, core::duration at) {
    running_call& call = *made;
    call.wire_number = ++n_begun_;
    call.begun = at;
    call.is_introduced.resize(ranks_->n_ranks());
    state_->worker.begin(call.wire_number, 0, call.sent.priority, calls_.numbers());
    core::coordinator& coordinator = call.coordinator;
    for (std::size_t row = 0; row < coordinator.options().n_ranks; ++row) {
      const rank_id rank = to_rank(row);
      const rank_table::entry& known = ranks_->of(rank);
      const core::incarnation_number incarnation = incarnation_of(rank);
      if (known.is_present && !known.is_stuck) {
        coordinator.joined(rank, at, incarnation);
      } else {
        coordinator.absent(rank, incarnation, known.is_gone);
        call.on_rank_lost(
            rank,
            ranks_->host(rank),
            known.is_present ? "was in a task that takes too long before" : "was lost before");
      }
    }
    if (coordinator.n_active() == 0) coordinator.enlist_root(at);
    calls_.add(std::move(made), at);
  }

  /// Ends a call that is under way. What a rank still works on, as the slower of two, is not
  /// wanted.
  void end(running_call& call) {
    if (call.coordinator.n_at_work() != 0) cancel_everywhere(call);
    state_->links.send_all();
    calls_.remove(call, state_->machine.now());
  }

  /// Drops all calls, of which nothing can be told any more.
  void drop() { calls_.clear(); }

  /// Hands out what is due of the calls, or cancels them everywhere.
  void on_poll(core::duration at) {
    calls_.share_ranks();
    for (const std::shared_ptr<running_call>& one : calls_) {
      running_call& call = *one;
      reports_.take_given_up(call);
      if (call.coordinator.options().is_open) call.grow();
      const bool is_broken = call.journaled && call.journaled->is_broken();
      if (is_broken || call.call.is_satisfied()) call.coordinator.cancel();
      if (!call.journaled || !call.journaled->is_behind()) hand_out(call, at);
      if (call.coordinator.options().splits) ask_to_split(*state_, call, at);
      if (call.coordinator.cancelled() && !call.cancel_told) cancel_everywhere(call);
    }
  }

  /// A rank, maybe this one, reports something.
  void on_report(rank_id from,
                 core::incarnation_number incarnation,
                 const core::any_report& report,
                 std::span<const std::byte> payload,
                 core::duration at) {
    std::shared_ptr<running_call> its;
    for (const std::shared_ptr<running_call>& one : calls_) {
      if (!one->uses(from)) continue;
      if (one->wire_number == number_in(report)) {
        its = one;
        continue;
      }
      // What it shows is that its rank lives.
      if (std::holds_alternative<core::reports::returned>(report)) {
        one->coordinator.hear(from, at);
        continue;
      }
      const core::incarnation_number before = one->coordinator.record(from).incarnation;
      one->coordinator.on_report(
          from, incarnation, core::reports::heartbeat{core::is_stuck(report)}, at);
      if (one->coordinator.record(from).incarnation != before) on_stuck(*one, from);
    }
    if (its) {
      const core::verdict verdict = its->coordinator.on_report(from, incarnation, report, at);
      reports_.on_report({*its, from, incarnation, verdict}, report, payload);
    } else if (const auto* const done = std::get_if<core::reports::done>(&report)) {
      reports_.settle(from, incarnation, *done, false);
    }
    if (calls_.size() > 1) align(from, at);
  }

  /// `rank` is lost in all calls that have not given it up. If that is `for_good`, since its
  /// process has ended, what it ran last of each may be to blame.
  core::loss on_rank_lost(rank_id rank, core::duration at, bool for_good) {
    core::loss all{rank, 0};
    for (const std::shared_ptr<running_call>& one : calls_) {
      if (!one->uses(rank) || (!for_good && !one->coordinator.record(rank).active)) continue;
      all.n_items += one->coordinator.lost(rank, at, for_good, for_good).n_items;
    }
    align(rank, at);
    return all;
  }

  /// The ranks that were silent for too long, and are lost therefore.
  std::vector<core::loss> tick(core::duration at) {
    std::vector<core::loss> all;
    for (const std::shared_ptr<running_call>& one : calls_) {
      for (const core::loss& loss : one->coordinator.tick(at)) {
        const auto known = std::find_if(
            all.begin(), all.end(), [&](const auto& other) { return other.rank == loss.rank; });
        if (known == all.end()) {
          all.push_back(loss);
        } else {
          known->n_items += loss.n_items;
        }
      }
    }
    if (calls_.size() < 2) return all;
    for (core::loss& loss : all) loss.n_items += on_rank_lost(loss.rank, at, false).n_items;
    return all;
  }

  /// That counts in the calls under way, and in the ones to come.
  core::incarnation_number incarnation_of(rank_id rank) const {
    return std::max(ranks_->of(rank).incarnation, calls_.incarnation_of(rank));
  }

  /// The root works on the calls, or its computing thread is away and gives back what it holds.
  void set_root_away(bool is_away) {
    for (const std::shared_ptr<running_call>& one : calls_) one->coordinator.set_root_away(is_away);
    if (!is_away) return;
    for (const core::reports::returned& returned : state_->worker.give_back())
      on_report(root_rank, state_->worker.incarnation(), returned, {}, state_->machine.now());
  }

 private:
  static std::uint32_t number_in(const core::any_report& report) {
    return std::visit(
        [](const auto& body) {
          if constexpr (requires { body.call; }) return body.call;
          return std::uint32_t{0};
        },
        report);
  }

  /// What one call has made of `rank` holds in the others.
  void align(rank_id rank, core::duration at) {
    const core::incarnation_number newest = incarnation_of(rank);
    for (const std::shared_ptr<running_call>& one : calls_) {
      if (!one->uses(rank) || one->coordinator.record(rank).incarnation == newest) continue;
      one->coordinator.begin_incarnation(rank, newest, at);
      on_stuck(*one, rank);
    }
  }

  /// `rank` was given up, in a call that may not go on without it.
  void on_stuck(running_call& call, rank_id rank) {
    call.on_rank_lost(
        rank, ranks_->host(rank), "was in a task of another call that takes too long, during");
  }

  void hand_out(running_call& call, core::duration at) {
    while (const std::optional<core::grant> given = call.coordinator.next_grant(at)) {
      const core::orders::grant order{call.wire_number, given->again, given->chunk, given->items};
      if (call.coordinator.options().splits) call.splits.on_grant(given->rank, given->chunk);
      call.call.on_granted(*given);
      if (given->rank == root_rank) {
        state_->worker.on_grant(given->incarnation, order, {});
        continue;
      }
      introduce(call, given->rank, given->incarnation);
      exchange::outbox& box = state_->links.queue_to(given->rank);
      call.call.encode_inputs(given->items, box.begin(given->incarnation, order));
      box.end();
    }
  }

  /// Sends what the call is to a rank that gets its first chunk of it, and which calls are under
  /// way besides.
  void introduce(running_call& call, rank_id rank, core::incarnation_number incarnation) {
    if (std::exchange(call.is_introduced[to_index(rank)], char{1}) != 0) return;
    exchange::outbox& box = state_->links.queue_to(rank);
    wire::bytes& payload = box.begin(incarnation, core::orders::begin_call{call.wire_number});
    wire::append_value(payload, static_cast<std::uint32_t>(calls_.size() - 1));
    for (const std::shared_ptr<running_call>& other : calls_) {
      if (other.get() != &call) wire::append_value(payload, other->wire_number);
    }
    wire::append_value(payload, call.sent);
    call.call.encode_call(payload);
    box.end();
  }

  void cancel_everywhere(running_call& call) {
    call.cancel_told = true;
    const core::orders::cancel order{call.wire_number};
    const core::coordinator& coordinator = call.coordinator;
    for (std::size_t row = 0; row < coordinator.options().n_ranks; ++row) {
      const core::rank_record& record = coordinator.record(to_rank(row));
      if (record.chunks_out == 0) continue;
      if (to_rank(row) == root_rank) {
        cancel_here(record.incarnation, order);
      } else {
        state_->links.queue_to(to_rank(row)).add(record.incarnation, order);
      }
    }
  }

  void cancel_here(core::incarnation_number incarnation, const core::orders::cancel& order) {
    for (const core::reports::returned& returned : state_->worker.on_cancel(incarnation, order))
      on_report(root_rank, state_->worker.incarnation(), returned, {}, state_->machine.now());
  }

  rank_state* state_;
  const rank_table* ranks_;
  call_reports reports_;
  calls_under_way calls_;
  std::uint32_t n_begun_ = 0;
};

}  // namespace rankwise::engine
