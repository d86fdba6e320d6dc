// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/decisions.hpp>
#include <rankwise/core/message.hpp>
#include <rankwise/core/types.hpp>
#include <rankwise/engine/call/failure_text.hpp>
#include <rankwise/engine/call/task_threw.hpp>
#include <rankwise/engine/rank/rank_state.hpp>
#include <rankwise/engine/root/rank_table.hpp>
#include <rankwise/engine/root/running_call.hpp>
#include <rankwise/rank.hpp>

#include <fmt/core.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <variant>

namespace rankwise::engine {

/// What the ranks report of a call, once its coordinator has decided what becomes of it: results
/// and failures go to the call and to its journal, and ranks hear whether results count whose tasks
/// have asked.
///
/// Local: nothing blocks; the caller holds the lock of the rank.
class call_reports {
 public:
  /// Who reports something, and what becomes of it.
  struct sender {
    running_call& call;
    rank_id rank = root_rank;
    core::incarnation_number incarnation = 0;
    core::verdict verdict = core::verdict::dropped;

    bool is_accepted() const { return verdict == core::verdict::accepted; }

    bool is_dropped() const { return verdict == core::verdict::dropped; }
  };

  call_reports(rank_state& state, const rank_table& ranks) : state_(&state), ranks_(&ranks) {}

  void on_report(const sender& by,
                 const core::any_report& report,
                 std::span<const std::byte> payload) {
    std::visit([&](const auto& body) { take(by, body, payload); }, report);
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

  /// The items that the coordinator has given up have failed.
  void take_given_up(running_call& call) {
    for (const core::given_up_item& item : call.coordinator.take_given_up()) {
      fail(call,
           item.last,
           item.index,
           {fmt::format("given up: {} ranks were lost while they ran it", item.losses)});
    }
  }

 private:
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

  static void take(const sender& by,
                   const core::reports::split_off& split,
                   std::span<const std::byte> results) {
    running_call& its = by.call;
    if (!by.is_accepted()) return;
    if (!split.is_cut) return its.call.take_part(split.item, results);
    its.splits.on_answer(by.rank);
    its.call.take_split(split.item, its.coordinator.options().n_items - 1, results);
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

  rank_state* state_;
  const rank_table* ranks_;
};

}  // namespace rankwise::engine
