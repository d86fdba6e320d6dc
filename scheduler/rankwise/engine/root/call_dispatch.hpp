// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/coordinator.hpp>
#include <rankwise/core/message.hpp>
#include <rankwise/core/types.hpp>
#include <rankwise/engine/call/failure_text.hpp>
#include <rankwise/engine/call/task_threw.hpp>
#include <rankwise/engine/rank/rank_state.hpp>
#include <rankwise/engine/root/calls_under_way.hpp>
#include <rankwise/engine/root/rank_table.hpp>
#include <rankwise/engine/root/running_call.hpp>
#include <rankwise/exchange/outbox.hpp>
#include <rankwise/rank.hpp>
#include <rankwise/wire/buffer.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <variant>
#include <vector>

namespace rankwise::engine {

/// Hands out the items of the calls under way, and takes what the ranks report of them. A rank is
/// in one incarnation in all of them: what gives it up in one does in each.
///
/// Local: nothing blocks; the caller holds the lock of the rank.
class call_dispatch {
 public:
  /// `ranks` says who is present.
  call_dispatch(rank_state& state, const rank_table& ranks) : state_(&state), ranks_(&ranks) {}

  const calls_under_way& calls() const { return calls_; }

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
    calls_.add(std::move(made));
  }

  /// Ends a call that is under way. What a rank still works on, as the slower of two, is not
  /// wanted.
  void end(running_call& call) {
    if (call.coordinator.n_at_work() != 0) cancel_everywhere(call);
    state_->links.send_all();
    calls_.remove(call);
  }

  /// Drops all calls, of which nothing can be told any more.
  void drop() { calls_.clear(); }

  /// Hands out what is due of the calls, or cancels them everywhere.
  void on_poll(core::duration at) {
    calls_.share_ranks();
    for (const std::shared_ptr<running_call>& one : calls_) {
      running_call& call = *one;
      report_given_up(call);
      const bool is_broken = call.journaled && call.journaled->is_broken();
      if (is_broken || call.call.is_satisfied()) call.coordinator.cancel();
      if (!call.journaled || !call.journaled->is_behind()) hand_out(call, at);
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
      const core::incarnation_number before = one->coordinator.record(from).incarnation;
      one->coordinator.on_report(
          from, incarnation, core::reports::heartbeat{core::is_stuck(report)}, at);
      if (one->coordinator.record(from).incarnation != before) on_stuck(*one, from);
    }
    if (its) {
      const core::verdict verdict = its->coordinator.on_report(from, incarnation, report, at);
      const sender by{*its, from, incarnation, verdict};
      std::visit([&](const auto& body) { take(by, body, payload); }, report);
    } else if (const auto* const done = std::get_if<core::reports::done>(&report)) {
      settle(from, incarnation, *done, false);
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
  /// Who reports something, and what becomes of it.
  struct sender {
    running_call& call;
    rank_id rank = root_rank;
    core::incarnation_number incarnation = 0;
    core::verdict verdict = core::verdict::dropped;

    bool is_accepted() const { return verdict == core::verdict::accepted; }

    bool is_dropped() const { return verdict == core::verdict::dropped; }
  };

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

  void take(const sender& by, const core::reports::done& done, std::span<const std::byte> results) {
    running_call& its = by.call;
    if (by.is_accepted() && !results.empty()) its.call.take(done.items, results);
    if (by.is_accepted() && its.journaled)
      its.journaled->done(by.rank, done.items, done.elapsed, results, done.to_be_settled);
    if (!done.to_be_settled) {
      if (by.is_accepted()) its.call.on_counted(done.items);
      return;
    }
    settle(by.rank, by.incarnation, done, by.is_accepted());
  }

  /// Lets a rank know whether results count whose tasks wait to be told; those of a call that is
  /// over do not.
  void settle(rank_id rank,
              core::incarnation_number incarnation,
              const core::reports::done& done,
              bool is_accepted) {
    if (!done.to_be_settled) return;
    const core::orders::settle order{done.call, is_accepted, done.chunk, done.items};
    if (rank == root_rank) {
      state_->settle_orders.push_back({incarnation, order});
    } else {
      state_->links.queue_to(rank).add(incarnation, order);
    }
  }

  void take(const sender& by,
            const core::reports::failed& failed,
            std::span<const std::byte> text) {
    if (!by.is_dropped()) fail(by, failed.item, failure_text::decode(text));
  }

  void take(const sender& by,
            const core::reports::unsettled& unsettled,
            std::span<const std::byte> text) {
    if (!by.is_dropped()) fail(by, unsettled.item, failure_text::decode(text));
  }

  void take(const sender& by,
            const core::reports::overran& overran,
            std::span<const std::byte> /*payload*/) {
    if (!by.is_dropped()) fail(by, overran.item, took_too_long(by.call.sent.task_limit));
  }

  void take(const sender& by,
            const core::reports::settled& settled,
            std::span<const std::byte> /*payload*/) {
    if (!by.is_accepted()) return;
    by.call.call.on_counted({settled.item, 1});
    if (by.call.journaled) by.call.journaled->settled(settled.item);
  }

  static void take(const sender& /*by*/,
                   const core::reports::returned& /*returned*/,
                   std::span<const std::byte> /*payload*/) {}

  static void take(const sender& /*by*/,
                   const core::reports::heartbeat& /*heartbeat*/,
                   std::span<const std::byte> /*payload*/) {}

  static void take(const sender& /*by*/,
                   const core::reports::departed& /*departed*/,
                   std::span<const std::byte> /*payload*/) {}

  void fail(const sender& by, std::uint64_t index, task_threw threw) {
    fail(by.call, by.rank, index, std::move(threw), by.is_accepted());
  }

  void fail(running_call& call,
            rank_id rank,
            std::uint64_t index,
            task_threw threw,
            bool is_final = true) {
    call.on_failure({index,
                     static_cast<std::int32_t>(rank),
                     ranks_->host(rank),
                     std::move(threw.text),
                     threw.is_configuration},
                    is_final);
  }

  void report_given_up(running_call& call) {
    for (const core::given_up_item& item : call.coordinator.take_given_up()) {
      fail(call,
           item.last,
           item.index,
           {fmt::format("given up: {} ranks were lost while they ran it", item.losses)});
    }
  }

  void hand_out(running_call& call, core::duration at) {
    while (const std::optional<core::grant> given = call.coordinator.next_grant(at)) {
      const core::orders::grant order{call.wire_number, given->again, given->chunk, given->items};
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
  calls_under_way calls_;
  std::uint32_t n_begun_ = 0;
};

}  // namespace rankwise::engine
