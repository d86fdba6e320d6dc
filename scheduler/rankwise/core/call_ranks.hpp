// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/coordinator_options.hpp>
#include <rankwise/core/rank_places.hpp>
#include <rankwise/core/rank_record.hpp>
#include <rankwise/core/silence.hpp>
#include <rankwise/core/types.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

namespace rankwise::core {

/// The ranks of one call: which of them can be given work, how much each holds, since when each is
/// silent, and who is asked next whether it wants more.
///
/// Local: time is told by the caller. Cost: constant time, but for `wake_all` and `silent`, and for
/// ranks that wait for a place.
class call_ranks {
 public:
  explicit call_ranks(const coordinator_options& options)
      : records_(options.n_ranks), silence_(options.n_ranks, options.lease), places_(options) {}

  rank_record& operator[](rank_id rank) { return records_[to_index(rank)]; }

  const rank_record& operator[](rank_id rank) const { return records_[to_index(rank)]; }

  /// That can be given work.
  std::uint32_t n_active() const { return n_active_; }

  /// That hold some.
  std::uint32_t n_at_work() const { return n_at_work_; }

  /// Of those that can be given work, how many can hold some at once.
  std::uint32_t n_at_once() const { return places_.n_at_once(n_active_); }

  bool is_root_alone() const { return n_active_ == 1 && records_.front().active; }

  /// The root would take the job along.
  bool may_run_suspects(rank_id rank) const { return rank != root_rank || n_active_ == 1; }

  /// `rank` can be given work from now on.
  void activate(rank_id rank, duration now) {
    rank_record& record = (*this)[rank];
    if (record.active) return;
    record.active = true;
    leave_place(rank);
    silence_.end(rank, now);
    ++n_active_;
    enqueue(rank);
  }

  /// `rank` can't be given work any more, and what it held is its own no more: it begins its next
  /// incarnation. It may keep its place, since it still runs a task.
  void deactivate(rank_id rank, bool keeps_place) {
    rank_record& record = (*this)[rank];
    record.active = false;
    ++record.incarnation;
    --n_active_;
    n_at_work_ -= record.chunks_out != 0 ? 1 : 0;
    record.chunks_out = 0;
    record.items_out = 0;
    record.recent = {};
    if (!keeps_place) leave_place(rank);
  }

  /// `rank` runs nothing of the call any more.
  void leave_place(rank_id rank) { any_left_ |= places_.leave(rank); }

  /// The root can be given work, or is away from it. What it holds is its own.
  void set_root_away(bool is_away) {
    is_root_away_ = is_away;
    if (!is_away && records_.front().active) enqueue(root_rank);
  }

  /// `rank` is asked whether it wants more work, after those that stand in the queue already.
  void enqueue(rank_id rank) {
    if (!std::exchange((*this)[rank].queued, true)) ready_.push_back(rank);
  }

  /// All are asked.
  void wake_all() {
    for (std::size_t row = 0; row < records_.size(); ++row) {
      if (records_[row].active) enqueue(to_rank(row));
    }
  }

  /// The first in the queue of those that can be given work, and leaves it; none if there is none.
  /// A rank for which there is no place waits until one is left that it may take.
  std::optional<rank_id> take_ready() {
    while (!ready_.empty() || (any_left_ && wake_waiting())) {
      const rank_id rank = ready_.front();
      ready_.pop_front();
      rank_record& record = (*this)[rank];
      record.queued = false;
      if (!record.active || (rank == root_rank && is_root_away_)) continue;
      if (places_.may_hold(rank)) return rank;
      if (!std::exchange(record.waits, true)) waiting_.push_back(rank);
    }
    return std::nullopt;
  }

  /// `rank` has been given a chunk of `n_items`.
  void give(rank_id rank, std::uint64_t n_items, duration now) {
    rank_record& record = (*this)[rank];
    if (record.chunks_out == 0) {
      silence_.end(rank, now);
      places_.take(rank);
      ++n_at_work_;
    }
    ++record.chunks_out;
    record.items_out += n_items;
  }

  /// `n_items` of a chunk have come back from `rank`: its last ones, if `ends_chunk`.
  void take_back(rank_id rank, std::uint64_t n_items, bool ends_chunk) {
    rank_record& record = (*this)[rank];
    record.items_out -= n_items;
    if (!ends_chunk || --record.chunks_out != 0) return;
    --n_at_work_;
    leave_place(rank);
  }

  /// `rank` has said something.
  void hear(rank_id rank, duration now) { silence_.end(rank, now); }

  /// Nobody waits for `rank`: its silence means nothing.
  void ignore_silence(rank_id rank) { silence_.ignore(rank); }

  /// Those that can be given work, or keep a place, and have been silent for longer than the lease.
  std::vector<rank_id> silent(duration now) {
    return silence_.longer_than_lease(
        now, [this](rank_id rank) { return (*this)[rank].active || places_.has_place(rank); });
  }

  /// Whether several fell silent together; see `silence::is_shared`.
  bool is_silence_shared() const { return silence_.is_shared(); }

 private:
  /// Puts the ranks that wait for a place, and may take one now, into the queue. Returns whether
  /// there are any. Inlined into `take_ready` it doubles what a chunk takes.
  [[gnu::noinline]] bool wake_waiting() {
    any_left_ = false;
    std::erase_if(waiting_, [this](rank_id rank) {
      if (!places_.may_hold(rank)) return false;
      (*this)[rank].waits = false;
      enqueue(rank);
      return true;
    });
    return !ready_.empty();
  }

  std::vector<rank_record> records_;
  silence silence_;
  std::deque<rank_id> ready_;  // ranks that may want work, each once
  rank_places places_;
  std::vector<rank_id> waiting_;  // for a place
  bool any_left_ = false;         // of the places, since those were asked
  std::uint32_t n_active_ = 0;
  std::uint32_t n_at_work_ = 0;
  bool is_root_away_ = false;
};

}  // namespace rankwise::core
