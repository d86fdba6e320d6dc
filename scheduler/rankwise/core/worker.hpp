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

  /// Takes a chunk, granted to this rank in its `incarnation`.
  void on_grant(incarnation_number incarnation, const orders::grant& order, Payload payload) {
    begin_incarnation(incarnation);
    call_ = order.call;
    queue_.push_back({order.chunk, order.items, std::move(payload), order.again});
  }

  /// The call is over early. Returns the chunks that come back undone.
  std::vector<reports::returned> on_cancel(incarnation_number incarnation,
                                           const orders::cancel& order) {
    begin_incarnation(incarnation);
    call_ = order.call;
    cancelled_ = interrupted_ = true;
    std::vector<reports::returned> back;
    for (const chunk& waiting : queue_) back.push_back({call_, waiting.id, waiting.items});
    queue_.clear();
    return back;
  }

  /// Where `incarnation` is new, this rank had been given up: what it held belongs to others now.
  void begin_incarnation(incarnation_number incarnation) {
    if (incarnation > incarnation_) {
      incarnation_ = incarnation;
      queue_.clear();
      take_away();
    }
  }

  /// A new call begins, in the `incarnation` of this rank. What is left of the one
  /// before, if that ended without this rank, is not wanted.
  void begin(std::uint32_t call, incarnation_number incarnation = 0) {
    call_ = call;
    incarnation_ = incarnation;
    cancelled_ = false;
    queue_.clear();
    take_away();
  }

  /// The next chunk to run, which is then running.
  std::optional<chunk> start() {
    if (queue_.empty()) return std::nullopt;
    chunk next = std::move(queue_.front());
    queue_.pop_front();
    running_ = running_chunk{next.id, next.items};
    interrupted_ = cancelled_;
    return next;
  }

  /// The running chunk is to be left where it is.
  bool interrupted() const { return interrupted_; }

  bool cancelled() const { return cancelled_; }

  /// Reports the next `count` items of the running chunk as done; none if the chunk was taken away.
  std::optional<reports::done> done(std::uint64_t count, duration elapsed, bool to_be_settled) {
    if (!running_) return std::nullopt;
    const item_range items{running_->items.first, count};
    running_->items = {items.end(), running_->items.count - count};
    return reports::done{call_, to_be_settled, running_->id, items, elapsed};
  }

  /// Reports that the task of the next item of the running chunk threw.
  std::optional<reports::failed> failed() {
    if (!running_) return std::nullopt;
    const std::uint64_t item = running_->items.first;
    running_->items = {item + 1, running_->items.count - 1};
    return reports::failed{call_, running_->id, item};
  }

  /// Reports that the task of `item` takes too long; none if its chunk was taken away.
  std::optional<reports::overran> overran(std::uint64_t item) const {
    if (!running_) return std::nullopt;
    return reports::overran{call_, running_->id, item};
  }

  /// Ends the running chunk; what is left of it goes back undone.
  std::optional<reports::returned> finish() {
    const std::optional<running_chunk> left = std::exchange(running_, std::nullopt);
    interrupted_ = cancelled_;
    if (!left || left->items.count == 0) return std::nullopt;
    return reports::returned{call_, left->id, left->items};
  }

  std::size_t n_queued() const { return queue_.size(); }

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
  struct running_chunk {
    std::uint64_t id = 0;
    item_range items;  // not reported yet
  };

  /// The running chunk is not wanted any more, and stays so until it has ended.
  void take_away() {
    interrupted_ = interrupted_ || running_.has_value();
    running_.reset();
  }

  std::deque<chunk> queue_;
  std::optional<running_chunk> running_;
  incarnation_number incarnation_ = 0;
  std::uint32_t call_ = 0;
  bool interrupted_ = false;
  bool cancelled_ = false;
};

}  // namespace rankwise::core
