// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/listening_clock.hpp>
#include <rankwise/core/types.hpp>

#include <algorithm>
#include <cstddef>
#include <vector>

namespace rankwise::core {

/// How long each rank has been silent while the root listened. Ranks that live let the root hear
/// from them several times in each lease.
///
/// Local: time is told by the caller. Cost: a rank is heard in constant time.
class silence {
 public:
  /// `lease`: silence that long means that a rank is lost; 0: it never does.
  silence(std::size_t n_ranks, duration lease)
      : lease_(lease), clock_(lease / 4), heard_at_(n_ranks, -long_ago * lease) {}

  /// `rank` has said something, or is waited for from now on.
  void end(rank_id rank, duration now) { heard_at_[to_index(rank)] = clock_.look(now); }

  /// Nobody waits for `rank`: its silence means nothing.
  void ignore(rank_id rank) { heard_at_[to_index(rank)] = clock_.counted() - long_ago * lease_; }

  /// The ranks but the root that have been silent for longer than the lease, of those `asked`
  /// about.
  template <class Asked>
  std::vector<rank_id> longer_than_lease(duration now, Asked asked) {
    std::vector<rank_id> ranks;
    clock_.look(now);
    for (std::size_t row = 1; lease_.count() != 0 && row < heard_at_.size(); ++row) {
      if (of(row) > lease_ && asked(to_rank(row))) ranks.push_back(to_rank(row));
    }
    return ranks;
  }

  /// Whether several ranks fell silent within half a lease: what is between them and the root is to
  /// blame, or what they all run on. Asked as the first of them is lost, or a later one.
  bool is_shared() const {
    const auto began_then = [this](duration heard_at) {
      const duration so_far = clock_.counted() - heard_at;
      return so_far > lease_ / 2 && so_far <= lease_ / 2 * 3;
    };
    return std::count_if(heard_at_.begin() + 1, heard_at_.end(), began_then) > 1;
  }

 private:
  static constexpr int long_ago = 2;  // leases

  duration of(std::size_t row) const { return clock_.counted() - heard_at_[row]; }

  duration lease_;
  listening_clock clock_;
  std::vector<duration> heard_at_;  // by that clock, by rank
};

}  // namespace rankwise::core
