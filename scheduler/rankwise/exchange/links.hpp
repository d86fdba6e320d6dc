// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/exchange/frame_reader.hpp>
#include <rankwise/exchange/outbox.hpp>
#include <rankwise/rank.hpp>
#include <rankwise/transport/endpoint.hpp>
#include <rankwise/wire/buffer.hpp>

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace rankwise::exchange {

/// The frames between this rank and all others: an outbox for each, the order in which theirs come
/// in, and which ranks are expected to take part.
///
/// Local: nothing blocks.
class links {
 public:
  explicit links(transport::endpoint& endpoint)
      : endpoint_(&endpoint),
        expected_(endpoint.n_ranks(), 1),
        n_received_(endpoint.n_ranks()),
        is_queued_(endpoint.n_ranks()) {
    outboxes_.reserve(endpoint.n_ranks());
    for (std::size_t row = 0; row < endpoint.n_ranks(); ++row)
      outboxes_.emplace_back(endpoint, to_rank(row));
  }

  std::size_t n_ranks() const { return outboxes_.size(); }

  /// The outbox for `rank`, which the caller sends.
  outbox& outbox_to(rank_id rank) { return outboxes_[to_index(rank)]; }

  /// The outbox for `rank`, which `send_all` sends, with what else is in it.
  outbox& queue_to(rank_id rank) {
    if (std::exchange(is_queued_[to_index(rank)], 1) == 0) queued_.push_back(rank);
    return outbox_to(rank);
  }

  /// Sends what was added to outboxes of `queue_to`.
  void send_all() {
    for (const rank_id rank : queued_) {
      is_queued_[to_index(rank)] = 0;
      outbox_to(rank).send();
    }
    queued_.clear();
  }

  /// Takes the next frame that has come in; false if there is none.
  bool try_receive(rank_id& from, wire::bytes& frame) {
    return endpoint_->try_receive(from, frame);
  }

  /// Opens a frame that was received from `from`.
  ///
  /// Throws: wire::decode_error if it is not the one that is due.
  frame_reader open(rank_id from, const wire::bytes& frame) {
    return {frame, n_received_[to_index(from)]++};
  }

  /// Notes whether `rank`, which is not this one, takes part, or is lost.
  void expect(rank_id rank, bool expected) {
    if (std::exchange(expected_[to_index(rank)], expected ? 1 : 0) == (expected ? 1 : 0)) return;
    endpoint_->expect(rank, expected);
  }

  /// The process of `rank` has ended: nothing that is under way to or from it is kept.
  void forget(rank_id rank) { endpoint_->forget(rank); }

  bool is_expected(rank_id rank) const { return expected_[to_index(rank)] != 0; }

  /// True when every frame to an expected rank has been delivered to the network.
  bool all_sent() { return endpoint_->all_sent(); }

  /// True when frames are under way that move on only as this rank polls.
  bool in_motion() const { return endpoint_->in_motion(); }

  /// Frames to and from other ranks so far.
  std::uint64_t n_frames() const {
    std::uint64_t all = 0;
    for (const outbox& box : outboxes_) all += box.n_sent();
    for (const std::uint32_t n_received : n_received_) all += n_received;
    return all;
  }

 private:
  transport::endpoint* endpoint_;
  std::vector<outbox> outboxes_;           // by rank
  std::vector<char> expected_;             // by rank
  std::vector<std::uint32_t> n_received_;  // frames, by rank
  std::vector<rank_id> queued_;            // each once
  std::vector<char> is_queued_;            // by rank
};

}  // namespace rankwise::exchange
