// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/coordinator_options.hpp>
#include <rankwise/core/types.hpp>

#include <algorithm>
#include <cstdint>
#include <vector>

namespace rankwise::core {

/// Which ranks may hold items of a call, where only so many may at once: in all, or on each host. A
/// rank that holds some has a place, and may be given more.
///
/// Local: pure but for what is noted. Cost: constant time.
class rank_places {
 public:
  explicit rank_places(const coordinator_options& options)
      : at_most_(options.at_most), at_most_on_host_(options.at_most_on_host) {
    if (!is_bounded()) return;
    has_place_.resize(options.n_ranks);
    host_of_ = options.hosts;
    host_of_.resize(options.n_ranks);
    n_on_host_.resize(1 + *std::max_element(host_of_.begin(), host_of_.end()));
  }

  bool is_bounded() const { return at_most_ != 0 || at_most_on_host_ != 0; }

  bool has_place(rank_id rank) const { return is_bounded() && has_place_[to_index(rank)] != 0; }

  /// Whether `rank` has a place, or there is one for it.
  bool may_hold(rank_id rank) const {
    if (!is_bounded() || has_place(rank)) return true;
    return (at_most_ == 0 || n_taken_ < at_most_) &&
           (at_most_on_host_ == 0 || n_on_host_[host_of_[to_index(rank)]] < at_most_on_host_);
  }

  /// `rank`, which may, holds items from now on.
  void take(rank_id rank) { set(rank, true); }

  /// `rank` holds none any more. Returns whether it had a place.
  bool leave(rank_id rank) { return set(rank, false); }

  /// Of `n_ranks`, how many can hold items at once, as far as the bounds say.
  std::uint32_t n_at_once(std::uint32_t n_ranks) const {
    if (at_most_ != 0) n_ranks = std::min(n_ranks, at_most_);
    if (at_most_on_host_ == 0) return n_ranks;
    return static_cast<std::uint32_t>(
        std::min<std::uint64_t>(n_ranks, std::uint64_t{at_most_on_host_} * n_on_host_.size()));
  }

 private:
  /// Returns whether `rank` had a place.
  bool set(rank_id rank, bool has_place) {
    if (!is_bounded()) return false;
    char& place = has_place_[to_index(rank)];
    const bool had_place = place != 0;
    if (had_place == has_place) return had_place;
    place = has_place ? 1 : 0;
    std::uint32_t& n_on_host = n_on_host_[host_of_[to_index(rank)]];
    n_taken_ = has_place ? n_taken_ + 1 : n_taken_ - 1;
    n_on_host = has_place ? n_on_host + 1 : n_on_host - 1;
    return had_place;
  }

  std::uint32_t at_most_;                 // 0: any number
  std::uint32_t at_most_on_host_;         // the same
  std::vector<char> has_place_;           // by rank
  std::vector<std::uint32_t> host_of_;    // by rank
  std::vector<std::uint32_t> n_on_host_;  // that have a place, by host
  std::uint32_t n_taken_ = 0;
};

}  // namespace rankwise::core
