// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/types.hpp>
#include <rankwise/engine/rank/rank_role.hpp>
#include <rankwise/engine/rank/rank_state.hpp>
#include <rankwise/exchange/channels.hpp>
#include <rankwise/exchange/frame_layout.hpp>
#include <rankwise/exchange/frame_reader.hpp>
#include <rankwise/rank.hpp>
#include <rankwise/task.hpp>
#include <rankwise/wire/buffer.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>

namespace rankwise::engine {

/// Takes the messages that have come in, and sends what is due: the one way in which a rank turns
/// to its network.
///
/// Local: nothing blocks; the caller holds the lock of the rank.
class poller {
 public:
  poller(rank_state& state, rank_context& context, rank_role& role)
      : state_(&state), context_(&context), role_(&role) {}

  /// Returns whether anything has come in.
  bool poll(core::duration at) {
    bool any = false;
    rank_id from = root_rank;
    while (state_->links.try_receive(from, frame_)) {
      any = true;
      exchange::frame_reader reader = state_->links.open(from, frame_);
      if (reader.kind() == exchange::frame_kind::channels) {
        take_channel_messages(from, reader);
      } else {
        role_->on_frame(from, reader, at);
      }
    }
    role_->on_poll(at);
    state_->links.send_all();
    tell_tasks();
    return any;
  }

  /// Lets the tasks that run know whether their results are wanted, and the chunk whether it is to
  /// go on.
  void tell_tasks() {
    context_->cancelled.store(state_->worker.interrupted() || state_->is_job_over,
                              std::memory_order_relaxed);
    context_->is_leaving.store(role_->is_over(), std::memory_order_relaxed);
    context_->split_wanted.store(state_->worker.split_wanted(), std::memory_order_relaxed);
  }

  /// Sends a channel message when the rank next polls, a large one at once. One to a rank that is
  /// lost is dropped: it would wait for that rank for ever.
  void post(rank_id to, std::uint64_t channel, std::uint64_t subject, wire::bytes& buffer) {
    if (!state_->links.is_expected(to)) return;
    state_->links.queue_to(to).add_to_channel(channel, subject, buffer);
  }

 private:
  /// A large one keeps the frame that it came in.
  void take_channel_messages(rank_id from, exchange::frame_reader& reader) {
    constexpr std::size_t large = 4096;
    exchange::channel_header header;
    std::span<const std::byte> content;
    while (reader.next(header, content)) {
      exchange::channel_message taken{from, header.subject, {}, 0};
      if (content.size() >= large && content.data() + content.size() == frame_.end()) {
        taken.at = frame_.size() - content.size();
        taken.frame = std::move(frame_);
      } else {
        taken.frame.assign(content.begin(), content.end());
      }
      exchange::channels::reply reply = state_->mailbox.put(header.channel, std::move(taken));
      send_on(from, header, reply);
    }
  }

  void send_on(rank_id from,
               const exchange::channel_header& header,
               exchange::channels::reply& reply) {
    switch (reply.to) {
      case exchange::channels::audience::nobody:
        return;
      case exchange::channels::audience::sender:
        return post(from, header.channel, header.subject, reply.content);
      case exchange::channels::audience::all_others:
        for (std::size_t row = 0; row < state_->links.n_ranks(); ++row) {
          const rank_id to = to_rank(row);
          if (to == from || to == context_->rank) continue;
          wire::bytes copy = reply.content;
          post(to, header.channel, header.subject, copy);
        }
    }
  }

  rank_state* state_;
  rank_context* context_;
  rank_role* role_;
  wire::bytes frame_;
};

}  // namespace rankwise::engine
