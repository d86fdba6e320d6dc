// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/types.hpp>
#include <rankwise/engine/rank/poller.hpp>
#include <rankwise/engine/rank/rank_state.hpp>
#include <rankwise/exchange/channels.hpp>
#include <rankwise/exchange/mailbox.hpp>
#include <rankwise/rank.hpp>
#include <rankwise/threads/mutex.hpp>
#include <rankwise/transport/machine.hpp>
#include <rankwise/wire/buffer.hpp>

#include <cstdint>
#include <optional>
#include <utility>

namespace rankwise::engine {

/// The channels of a rank, for what runs on its computing thread.
class rank_channels final : public exchange::channels {
 public:
  /// `polls` is guarded by the lock of `rank`.
  rank_channels(this_rank& rank, poller& polls) : rank_(rank), poller_(polls) {}

  std::uint32_t n_ranks() const override { return rank_.n_ranks; }

  transport::machine& machine() override { return rank_.machine; }

  void post(rank_id to, std::uint64_t channel, std::uint64_t subject, wire::bytes buffer) override
      RANKWISE_EXCLUDES(rank_.lock) {
    const threads::lock_scope held(rank_.lock);
    rank_.state.rethrow_failure();
    poller_.post(to, channel, subject, buffer);
  }

  void open(std::uint64_t channel, receiver take) override RANKWISE_EXCLUDES(rank_.lock) {
    const threads::lock_scope held(rank_.lock);
    rank_.state.mailbox.open(channel, std::move(take));
  }

  void open_service(std::uint64_t channel, answerer answer) override RANKWISE_EXCLUDES(rank_.lock) {
    const threads::lock_scope held(rank_.lock);
    rank_.state.mailbox.open(channel, std::move(answer));
  }

  void open_relay(std::uint64_t channel, relay take) override RANKWISE_EXCLUDES(rank_.lock) {
    const threads::lock_scope held(rank_.lock);
    rank_.state.mailbox.open(channel, std::move(take));
  }

  void close(std::uint64_t channel) override RANKWISE_EXCLUDES(rank_.lock) {
    const threads::lock_scope held(rank_.lock);
    rank_.state.mailbox.close(channel);
  }

  void send_posted() override RANKWISE_EXCLUDES(rank_.lock) {
    const threads::lock_scope held(rank_.lock);
    rank_.state.links.send_all();
  }

  bool poll() override RANKWISE_EXCLUDES(rank_.lock) {
    const bool any = poll_network(rank_.machine.now());
    return deliver() || any;
  }

  /// Turns to the network, from the computing thread while no lock is held. Returns whether
  /// anything has come in.
  bool poll_network(core::duration at) RANKWISE_EXCLUDES(rank_.lock) {
    const threads::lock_scope held(rank_.lock);
    rank_.state.rethrow_failure();
    const bool any = poller_.poll(at);
    rank_.polled_at.store(at.count(), std::memory_order_relaxed);
    return any;
  }

  /// Has the messages that have come taken by who has opened their channels; false if there were
  /// none.
  bool deliver() RANKWISE_EXCLUDES(rank_.lock) {
    bool any = false;
    while (std::optional<exchange::mailbox::delivery> next = next_delivery()) {
      next->take(next->what);
      any = true;
    }
    return any;
  }

 private:
  std::optional<exchange::mailbox::delivery> next_delivery() RANKWISE_EXCLUDES(rank_.lock) {
    const threads::lock_scope held(rank_.lock);
    std::optional<exchange::mailbox::delivery> next = rank_.state.mailbox.next();
    if (!next) rank_.state.links.send_all();  // what those who took messages have answered
    return next;
  }

  this_rank& rank_;
  poller& poller_ RANKWISE_GUARDED_BY(rank_.lock);
};

}  // namespace rankwise::engine
