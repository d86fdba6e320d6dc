// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/decisions.hpp>
#include <rankwise/core/types.hpp>
#include <rankwise/core/work_left.hpp>

#include <cstdint>
#include <utility>
#include <vector>

namespace rankwise::core {

/// Which items have cost so many ranks, each while it ran them, that no other one is to run them.
class blame {
 public:
  /// An item is tried until `losses_at_most` ranks were lost with it; 0: as long as it takes.
  explicit blame(std::uint32_t losses_at_most) : losses_at_most_(losses_at_most) {}

  /// A rank was lost while it held items.
  void on_lost_at_work() { ++n_lost_at_work_; }

  /// Of several items the one to blame is not known yet. Alone, the root does not try what has cost
  /// two ranks, unless others were lost as well, without it.
  bool is_hopeless(const unassigned_items& suspect, bool is_root_alone) const {
    if (losses_at_most_ == 0) return false;
    if (suspect.losses >= losses_at_most_) return suspect.items.count == 1;
    return is_root_alone && suspect.losses >= 2 && suspect.losses == n_lost_at_work_;
  }

  /// The item `index` of `suspect` is not run again.
  void give_up(std::uint64_t index, const unassigned_items& suspect) {
    given_up_.push_back({index, suspect.losses, suspect.last});
  }

  /// Items that were given up, and not taken from here since.
  std::uint64_t n_given_up() const { return given_up_.size(); }

  std::vector<given_up_item> take_given_up() { return std::exchange(given_up_, {}); }

 private:
  std::uint32_t losses_at_most_;
  std::uint32_t n_lost_at_work_ = 0;
  std::vector<given_up_item> given_up_;
};

}  // namespace rankwise::core
