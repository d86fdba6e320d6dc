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

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <variant>
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
    const bool is_broken = call_->journaled && call_->journaled->is_broken();
    if (is_broken || call_->call.is_satisfied()) call_->coordinator.cancel();
    if (!call_->journaled || !call_->journaled->is_behind()) hand_out(at);
    if (call_->coordinator.cancelled() && !call_->cancel_told) cancel_everywhere();
  }

  /// A rank, maybe this one, reports something.
  void on_report(rank_id from,
                 core::incarnation_number incarnation,
                 const core::any_report& report,
                 std::span<const std::byte> payload,
                 core::duration at) {
    const sender by{from, incarnation, judge(from, incarnation, report, at)};
    std::visit([&](const auto& body) { take(by, body, payload); }, report);
  }

 private:
  /// Who reports something, and what becomes of it.
  struct sender {
    rank_id rank = root_rank;
    core::incarnation_number incarnation = 0;
    core::verdict verdict = core::verdict::dropped;

    bool is_accepted() const { return verdict == core::verdict::accepted; }

    bool is_dropped() const { return verdict == core::verdict::dropped; }
  };

  /// What a report of a call that is over shows is that its rank lives.
  core::verdict judge(rank_id from,
                      core::incarnation_number incarnation,
                      const core::any_report& report,
                      core::duration at) {
    if (!uses(from)) return core::verdict::dropped;
    const bool is_current = std::visit(
        [this](const auto& body) {
          if constexpr (requires { body.call; }) return body.call == call_number_;
          return false;
        },
        report);
    if (is_current) return call_->coordinator.on_report(from, incarnation, report, at);
    call_->coordinator.on_report(
        from, incarnation, core::reports::heartbeat{core::is_stuck(report)}, at);
    return core::verdict::dropped;
  }

  void take(const sender& by, const core::reports::done& done, std::span<const std::byte> results) {
    if (by.is_accepted() && !results.empty()) call_->call.take(done.items, results);
    if (by.is_accepted() && call_->journaled)
      call_->journaled->done(by.rank, done.items, done.elapsed, results, done.to_be_settled);
    if (!done.to_be_settled) {
      if (by.is_accepted()) call_->call.on_counted(done.items);
      return;
    }
    const core::orders::settle order{done.call, by.is_accepted(), done.chunk, done.items};
    if (by.rank == root_rank) {
      state_->settle_orders.push_back({by.incarnation, order});
    } else {
      state_->links.queue_to(by.rank).add(by.incarnation, order);
    }
  }

  void take(const sender& by,
            const core::reports::failed& failed,
            std::span<const std::byte> text) {
    if (!by.is_dropped()) fail(by.rank, failed.item, failure_text::decode(text), by.is_accepted());
  }

  void take(const sender& by,
            const core::reports::unsettled& unsettled,
            std::span<const std::byte> text) {
    if (!by.is_dropped())
      fail(by.rank, unsettled.item, failure_text::decode(text), by.is_accepted());
  }

  void take(const sender& by,
            const core::reports::overran& overran,
            std::span<const std::byte> /*payload*/) {
    if (!by.is_dropped())
      fail(by.rank, overran.item, took_too_long(call_->sent.task_limit), by.is_accepted());
  }

  void take(const sender& by,
            const core::reports::settled& settled,
            std::span<const std::byte> /*payload*/) {
    if (!by.is_accepted()) return;
    call_->call.on_counted({settled.item, 1});
    if (call_->journaled) call_->journaled->settled(settled.item);
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
      const core::orders::grant order{call_number_, given->again, given->chunk, given->items};
      if (given->rank == root_rank) {
        state_->worker.on_grant(given->incarnation, order, {});
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
    exchange::outbox& box = state_->links.queue_to(rank);
    wire::bytes& payload = box.begin(incarnation, core::orders::begin_call{call_number_});
    wire::append_value(payload, call_->sent);
    call_->call.encode_call(payload);
    box.end();
  }

  void cancel_everywhere() {
    call_->cancel_told = true;
    const core::orders::cancel order{call_number_};
    const core::coordinator& coordinator = call_->coordinator;
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
  std::vector<std::uint32_t> introduced_;  // the last call that a rank was told of, by rank
  std::shared_ptr<running_call> call_;
  std::uint32_t call_number_ = 0;
};

}  // namespace rankwise::engine
