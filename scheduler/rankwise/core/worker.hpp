// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/message.hpp>
#include <rankwise/core/types.hpp>

#include <cstdint>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

namespace rankwise::core {

/// What one rank holds of a call: the chunks that it was given, the one that it works on, and which
/// of its reports are due. `Payload` is what a transport carries along with a grant (the inputs as
/// bytes; nothing in a simulation).
///
/// Local: a state machine; messages of the root go in (`receive`), chunks to run come out
/// (`start`), and messages for the root are built (`done`, `failed`, `finish`).
template <class Payload>
class worker {
 public:
  /// A chunk to run.
  struct chunk {
    std::uint64_t id = 0;
    item_range items;
    Payload payload;
    bool again = false;  ///< it may have been run before, wholly or in part
  };

  /// Takes a `grant` or `cancel`, sent to this rank in its `incarnation`. What is
  /// thereby sent back undone is appended to `replies`.
  void receive(incarnation_number incarnation,
               const message& said,
               Payload payload,
               std::vector<message>& replies) {
    begin_incarnation(incarnation);
    call_ = said.call;
    if (said.kind == message_kind::grant) {
      queue_.push_back({said.chunk, said.items, std::move(payload), said.flag});
    } else if (said.kind == message_kind::cancel) {
      cancelled_ = interrupted_ = true;
      for (const chunk& waiting : queue_)
        replies.push_back(about(message_kind::returned, waiting.id, waiting.items));
      queue_.clear();
    }
  }

  /// Where `incarnation` is new, this rank had been given up: what it held belongs to others now.
  void begin_incarnation(incarnation_number incarnation) {
    if (incarnation > incarnation_) {
      incarnation_ = incarnation;
      queue_.clear();
      interrupted_ = running_.has_value();
      running_.reset();
    }
  }

  /// A new call begins, in the `incarnation` of this rank. What is left of the one
  /// before, if that ended without this rank, is not wanted.
  void begin(std::uint32_t call, incarnation_number incarnation = 0) {
    call_ = call;
    incarnation_ = incarnation;
    cancelled_ = false;
    interrupted_ = running_.has_value();
    queue_.clear();
    running_.reset();
  }

  /// The next chunk to run, which is then the one under way.
  std::optional<chunk> start() {
    if (queue_.empty()) return std::nullopt;
    chunk next = std::move(queue_.front());
    queue_.pop_front();
    running_ = under_way{next.id, next.items};
    interrupted_ = cancelled_;
    return next;
  }

  /// The chunk under way is to be left where it is.
  bool interrupted() const { return interrupted_; }

  bool cancelled() const { return cancelled_; }

  /// Reports the next `count` items of the chunk under way as done; none where the chunk was taken
  /// away.
  std::optional<message> done(std::uint64_t count, duration elapsed, bool settle) {
    return advance(message_kind::done, count, elapsed, settle);
  }

  /// Reports that the task of the next item of the chunk under way threw.
  std::optional<message> failed(duration elapsed) {
    return advance(message_kind::failed, 1, elapsed, false);
  }

  /// Ends the chunk under way; what is left of it goes back undone.
  std::optional<message> finish() {
    const std::optional<under_way> left = std::exchange(running_, std::nullopt);
    interrupted_ = cancelled_;
    if (!left || left->items.count == 0) return std::nullopt;
    return about(message_kind::returned, left->id, left->items);
  }

  /// A message of this rank about the call under way.
  message about(message_kind kind, std::uint64_t chunk_id, item_range items) const {
    message said;
    said.kind = kind;
    said.call = call_;
    said.chunk = chunk_id;
    said.items = items;
    return said;
  }

  std::size_t n_queued() const { return queue_.size(); }

  /// The chunk under way, while it is this rank's.
  std::optional<std::uint64_t> under_way_id() const {
    return running_ ? std::optional(running_->id) : std::nullopt;
  }

  incarnation_number incarnation() const { return incarnation_; }

  call_incarnation current_call() const { return {call_, incarnation_}; }

  /// Whether `n_reports` finished reports should be sent now. They wait for others only while there
  /// is work queued that the root need not replace yet, and no longer than the shortest chunk
  /// lasts.
  bool should_send(std::size_t n_reports, duration since_last_send) const {
    constexpr duration at_most{50'000};
    return n_reports != 0 && (n_reports >= queue_.size() || since_last_send >= at_most);
  }

 private:
  struct under_way {
    std::uint64_t id = 0;
    item_range items;  // not reported yet
  };

  std::optional<message> advance(message_kind kind,
                                 std::uint64_t count,
                                 duration elapsed,
                                 bool flag) {
    if (!running_) return std::nullopt;
    message said = about(kind, running_->id, {running_->items.first, count});
    said.elapsed = elapsed;
    said.flag = flag;
    running_->items.first += count;
    running_->items.count -= count;
    return said;
  }

  std::deque<chunk> queue_;
  std::optional<under_way> running_;
  incarnation_number incarnation_ = 0;
  std::uint32_t call_ = 0;
  bool interrupted_ = false;
  bool cancelled_ = false;
};

}  // namespace rankwise::core
