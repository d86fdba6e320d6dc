// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/pipeline_layout.hpp>
#include <rankwise/core/types.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

namespace rankwise::core {

/// The way from one rank to the replicas of one stage.
///
/// A single replica gets all at once: what is in flight is bounded at the source. Of several each
/// has what it can do in about the time that the slowest of them takes for two items, so that none
/// starves and none hoards; each says when it has begun an item, and how long the last one took.
///
/// Local: a state machine.
template <class Payload>
class pipeline_route {
 public:
  struct delivery {
    rank_id to;
    parcel<Payload> what;
  };

  explicit pipeline_route(const std::vector<rank_id>& replicas) {
    for (const rank_id rank : replicas) replicas_.push_back({rank, 0, {}});
  }

  void put(parcel<Payload> what) { waiting_.push_back(std::move(what)); }

  /// The next parcel that may go, and where; none where all have enough.
  std::optional<delivery> next() {
    if (waiting_.empty()) return std::nullopt;
    replica* const to = choose();
    if (to == nullptr) return std::nullopt;
    if (replicas_.size() > 1) ++to->n_ahead;
    delivery out{to->rank, std::move(waiting_.front())};
    waiting_.pop_front();
    return out;
  }

  /// `rank` has begun one of the items that it was sent; `took` is the time of the one before, 0
  /// where there was none.
  void begun(rank_id rank, duration took) {
    for (replica& one : replicas_) {
      if (one.rank != rank || one.n_ahead == 0) continue;
      --one.n_ahead;
      if (took.count() != 0) one.item_time = one.item_time.count() == 0 ? took : blend(one, took);
    }
  }

  /// Parcels that wait for a replica.
  std::size_t n_waiting() const { return waiting_.size(); }

 private:
  struct replica {
    rank_id rank;
    std::uint32_t n_ahead = 0;  // sent and not begun
    duration item_time{};       // 0: not known yet
  };

  static constexpr std::uint32_t least_ahead = 2;
  static constexpr std::uint32_t most_ahead = 16;

  static duration blend(const replica& one, duration took) {
    return (one.item_time * 3 + took) / 4;
  }

  bool has_enough(const replica& one, duration slowest) const {
    if (one.n_ahead < least_ahead) return false;
    if (one.n_ahead >= most_ahead || one.item_time.count() == 0) return true;
    return one.item_time * (one.n_ahead + 1) > slowest * least_ahead;
  }

  /// The one that would begin soonest.
  replica* choose() {
    if (replicas_.size() == 1) return &replicas_.front();
    duration slowest{};
    for (const replica& one : replicas_) slowest = std::max(slowest, one.item_time);
    replica* best = nullptr;
    for (replica& one : replicas_) {
      if (has_enough(one, slowest)) continue;
      if (best == nullptr || wait_for(one) < wait_for(*best)) best = &one;
    }
    return best;
  }

  /// Until an item that is sent now would be done; where times are not known, by number.
  static duration wait_for(const replica& one) {
    return std::max(one.item_time, duration(1)) * (one.n_ahead + 1);
  }

  std::vector<replica> replicas_;
  std::deque<parcel<Payload>> waiting_;
};

}  // namespace rankwise::core
