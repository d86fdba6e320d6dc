// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/arbiter.hpp>
#include <rankwise/core/message.hpp>
#include <rankwise/core/types.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace rankwise::core {

/// What one rank holds of the calls under way: the chunks that it was given, those that it works
/// on, and which of its reports are due. A chunk of a more urgent call is run between two items of
/// another, which waits meanwhile: so several can be running, one inside the other. `Payload` is
/// what a transport carries along with a grant (the inputs as bytes; nothing in a simulation).
///
/// Local: a state machine; messages of the root go in (`receive`), chunks to run come out
/// (`start`), and messages for the root are built (`done`, `failed`, `finish`).
template <class Payload>
class worker {
 public:
  /// A chunk to run.
  struct chunk {
    std::uint32_t call = 0;
    std::uint64_t id = 0;
    item_range items;
    Payload payload;
    bool again = false;         ///< it may have been run before, wholly or in part
    bool split_wanted = false;  ///< some of it is for another rank
  };

  /// Takes a chunk, granted to this rank in its `incarnation`.
  void on_grant(incarnation_number incarnation, const orders::grant& order, Payload payload) {
    begin_incarnation(incarnation);
    if (n_held_of(order.call) == 0) arbiter_.wake(order.call);
    queue_.push_back(
        {order.call, order.chunk, order.items, std::move(payload), order.again, false});
  }

  /// A call is over early. Returns its chunks that come back undone.
  std::vector<reports::returned> on_cancel(incarnation_number incarnation,
                                           const orders::cancel& order) {
    begin_incarnation(incarnation);
    for (running_chunk& one : running_) one.interrupted |= one.call == order.call;
    return take_queued([&](const chunk& waiting) { return waiting.call == order.call; });
  }

  /// Some of a chunk is for another rank, if it is not over.
  void on_split(incarnation_number incarnation, const orders::split& order) {
    begin_incarnation(incarnation);
    const auto mark = [&](auto& one) { one.split_wanted |= one.id == order.chunk; };
    std::for_each(queue_.begin(), queue_.end(), mark);
    std::for_each(running_.begin(), running_.end(), mark);
  }

  /// Where `incarnation` is new, this rank had been given up: what it held belongs to others now.
  void begin_incarnation(incarnation_number incarnation) {
    if (incarnation <= incarnation_) return;
    incarnation_ = incarnation;
    ++epoch_;
    queue_.clear();
    for (running_chunk& one : running_) one.take_away();
  }

  /// A new call begins, in the `incarnation` of this rank; the `others` are under way still. What
  /// is left of calls that ended without this rank is not wanted.
  void begin(std::uint32_t call,
             incarnation_number incarnation = 0,
             std::int32_t priority = 0,
             std::span<const std::uint32_t> others = {}) {
    begin_incarnation(incarnation);
    const auto is_over = [&](std::uint32_t known) {
      return std::find(others.begin(), others.end(), known) == others.end();
    };
    if (std::any_of(calls_.begin(), calls_.end(), is_over)) {
      ++epoch_;
      std::erase_if(queue_, [&](const chunk& waiting) { return is_over(waiting.call); });
      for (running_chunk& one : running_) {
        if (is_over(one.call)) one.take_away();
      }
      for (const std::uint32_t known : calls_) {
        if (is_over(known)) arbiter_.end(known);
      }
      std::erase_if(calls_, is_over);
    }
    calls_.push_back(call);
    arbiter_.begin(call, priority);
  }

  /// The calls that this rank has been told of, and that may still be under way.
  const std::vector<std::uint32_t>& calls() const { return calls_; }

  bool knows(std::uint32_t call) const {
    return std::find(calls_.begin(), calls_.end(), call) != calls_.end();
  }

  /// Changes whenever something that this rank has been given counts no more as a whole: its
  /// incarnation is new, or a call is over.
  std::uint64_t epoch() const { return epoch_; }

  /// The next chunk to run, which is then running.
  std::optional<chunk> start() {
    if (queue_.empty()) return std::nullopt;
    return start_at(most_urgent());
  }

  /// A chunk that is to be run before the one that is running goes on: its call is more urgent, and
  /// has none that waits inside. It is then running.
  std::optional<chunk> start_before_running() {
    if (!has_urgent()) return std::nullopt;
    return start_at(most_urgent());
  }

  /// Whether there is such a chunk.
  bool has_urgent() {
    if (!has_choice() || running_.empty()) return false;
    const std::uint32_t call = most_urgent()->call;
    const bool is_inside = std::any_of(
        running_.begin(), running_.end(), [&](const auto& one) { return one.call == call; });
    return !is_inside && arbiter_.is_before(call, running_.back().call);
  }

  /// Several calls are under way, and chunks wait.
  bool has_choice() const { return calls_.size() >= 2 && !queue_.empty(); }

  /// The running chunk has taken so long since this was last told.
  void add_time(duration elapsed) {
    if (!running_.empty()) arbiter_.add_time(running_.back().call, elapsed);
  }

  /// The running chunk is to be left where it is: its results are not wanted.
  bool interrupted() const { return !running_.empty() && running_.back().interrupted; }

  /// Some of the running chunk is for another rank.
  bool split_wanted() const { return !running_.empty() && running_.back().split_wanted; }

  /// Reports that a part of the next item of the running chunk is done, and the rest cut into two
  /// or not.
  std::optional<reports::split_off> split_off(bool is_cut) {
    running_chunk* const own = own_chunk();
    if (own == nullptr) return std::nullopt;
    if (is_cut) own->split_wanted = false;
    return reports::split_off{own->call, own->id, own->items.first, is_cut};
  }

  /// Reports the next `count` items of the running chunk as done; none if the chunk was taken away.
  std::optional<reports::done> done(std::uint64_t count, duration elapsed, bool to_be_settled) {
    running_chunk* const own = own_chunk();
    if (own == nullptr) return std::nullopt;
    const item_range items{own->items.first, count};
    own->items = {items.end(), own->items.count - count};
    return reports::done{own->call, to_be_settled, own->id, items, elapsed};
  }

  /// Reports that the task of the next item of the running chunk threw.
  std::optional<reports::failed> failed() {
    running_chunk* const own = own_chunk();
    if (own == nullptr) return std::nullopt;
    const std::uint64_t item = own->items.first;
    own->items = {item + 1, own->items.count - 1};
    return reports::failed{own->call, own->id, item};
  }

  /// Reports that the task of `item` takes too long; none if its chunk was taken away.
  std::optional<reports::overran> overran(std::uint64_t item) const {
    if (running_.empty() || running_.back().is_taken_away) return std::nullopt;
    return reports::overran{running_.back().call, running_.back().id, item};
  }

  /// Ends the running chunk; what is left of it goes back undone.
  std::optional<reports::returned> finish() {
    if (running_.empty()) return std::nullopt;
    const running_chunk left = running_.back();
    running_.pop_back();
    if (left.is_taken_away || left.items.count == 0) return std::nullopt;
    return reports::returned{left.call, left.id, left.items};
  }

  /// All chunks that wait come back undone.
  std::vector<reports::returned> give_back() {
    return take_queued([](const chunk&) { return true; });
  }

  std::size_t n_queued() const { return queue_.size(); }

  incarnation_number incarnation() const { return incarnation_; }

  /// Whether `n_reports` finished reports should be sent now. They wait for others only while there
  /// is work queued that the root need not replace yet, and no longer than the shortest chunk
  /// lasts.
  bool should_send(std::size_t n_reports, duration since_last_send) const {
    constexpr duration at_most{50'000};
    return n_reports != 0 && (n_reports >= queue_.size() || since_last_send >= at_most);
  }

 private:
  struct running_chunk {
    std::uint32_t call = 0;
    std::uint64_t id = 0;
    item_range items;  // not reported yet
    bool split_wanted = false;
    bool is_taken_away = false;
    bool interrupted = false;

    void take_away() { is_taken_away = interrupted = true; }
  };

  using place = typename std::deque<chunk>::iterator;

  /// The running chunk, unless it was taken away.
  running_chunk* own_chunk() {
    return running_.empty() || running_.back().is_taken_away ? nullptr : &running_.back();
  }

  /// Of the chunks that wait, the first of the call that comes first.
  place most_urgent() {
    if (calls_.size() < 2) return queue_.begin();
    return std::min_element(
        queue_.begin(), queue_.end(), [this](const chunk& left, const chunk& right) {
          return left.call != right.call && arbiter_.is_before(left.call, right.call);
        });
  }

  chunk start_at(place next) {
    chunk taken = std::move(*next);
    queue_.erase(next);
    running_.push_back({taken.call, taken.id, taken.items, taken.split_wanted});
    return taken;
  }

  template <class Wanted>
  std::vector<reports::returned> take_queued(Wanted wanted) {
    std::vector<reports::returned> back;
    std::erase_if(queue_, [&](const chunk& waiting) {
      if (!wanted(waiting)) return false;
      back.push_back({waiting.call, waiting.id, waiting.items});
      return true;
    });
    return back;
  }

  std::size_t n_held_of(std::uint32_t call) const {
    if (calls_.size() < 2) return 1;  // nobody to be compared with
    const auto is_its = [&](const auto& one) { return one.call == call; };
    return static_cast<std::size_t>(std::count_if(queue_.begin(), queue_.end(), is_its) +
                                    std::count_if(running_.begin(), running_.end(), is_its));
  }

  arbiter arbiter_;
  std::vector<std::uint32_t> calls_;
  std::deque<chunk> queue_;
  std::vector<running_chunk> running_;  // each inside the one before
  incarnation_number incarnation_ = 0;
  std::uint64_t epoch_ = 0;
};

}  // namespace rankwise::core
