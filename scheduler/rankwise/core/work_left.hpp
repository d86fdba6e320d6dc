// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/item_set.hpp>
#include <rankwise/core/types.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <deque>
#include <list>
#include <utility>
#include <vector>

namespace rankwise::core {

/// Items that nobody holds, and how many ranks have been lost while they ran them (or, of more than
/// one, some of them).
struct unassigned_items {
  item_range items;
  std::uint32_t losses = 0;
  rank_id last = root_rank;  ///< the last of those ranks
  bool again = false;        ///< they were handed out before
};

/// The items of a call that are still to be handed out: those that never were, those that came
/// back, and suspects, which were being run when their rank was lost.
///
/// Suspects are handed out in smaller and smaller pieces, the square root of their number at the
/// second try and one by one from the third on: so an item that costs its rank each time is known
/// by itself after three.
class work_left {
 public:
  /// Of `n_items`, those that are not `held`.
  explicit work_left(std::uint64_t n_items, const item_set& held = {}) {
    held.visit_missing({0, n_items}, [this](item_range items) {
      fresh_.push_back(items);
      count_ += items.count;
    });
  }

  /// Items that are new.
  void add(item_range items) {
    if (!fresh_.empty() && fresh_.back().end() == items.first) {
      fresh_.back().count += items.count;
    } else {
      fresh_.push_back(items);
    }
    count_ += items.count;
  }

  /// Items.
  std::uint64_t count() const { return count_; }

  /// Something has come back.
  bool any_returned() const { return !returned_.empty() || !suspects_.empty(); }

  /// Up to `count` items, suspects first where they may be among them; none where there are none
  /// that may.
  unassigned_items take(std::uint64_t count, bool may_be_suspects) {
    unassigned_items taken;
    if (may_be_suspects && !suspects_.empty()) {
      suspect& next = suspects_.front();
      taken = next.left;
      taken.items = cut(next.left.items, std::min(count, next.piece));
      taken.again = true;
      if (next.left.items.count == 0) suspects_.pop_front();
    } else if (!returned_.empty()) {
      taken.items = cut(returned_.front(), count);
      taken.again = true;
      if (returned_.front().count == 0) returned_.pop_front();
    } else if (!fresh_.empty()) {
      taken.items = cut(fresh_.front(), count);
      if (fresh_.front().count == 0) fresh_.pop_front();
    }
    count_ -= taken.items.count;
    return taken;
  }

  void put_back(unassigned_items back) {
    if (back.items.count == 0) return;
    count_ += back.items.count;
    if (back.losses == 0) {
      returned_.push_back(back.items);
      return;
    }
    const double n = static_cast<double>(back.items.count);
    const auto root = static_cast<std::uint64_t>(std::ceil(std::sqrt(n)));
    suspects_.push_back({back, back.losses == 1 ? root : 1});
  }

  /// Takes out an item that was never handed out; false if it was.
  bool withdraw(std::uint64_t index) {
    for (auto range = fresh_.begin(); range != fresh_.end(); ++range) {
      if (index < range->first || index >= range->end()) continue;
      const item_range behind{index + 1, range->end() - index - 1};
      range->count = index - range->first;
      if (behind.count != 0) range = fresh_.insert(range + 1, behind) - 1;
      if (range->count == 0) fresh_.erase(range);
      --count_;
      return true;
    }
    return false;
  }

  /// Takes out the suspects that are `hopeless`.
  template <class Hopeless>
  std::vector<unassigned_items> take_suspects(Hopeless hopeless) {
    std::vector<unassigned_items> taken;
    std::erase_if(suspects_, [&](const suspect& one) {
      if (!hopeless(one.left)) return false;
      taken.push_back(one.left);
      count_ -= one.left.items.count;
      return true;
    });
    return taken;
  }

 private:
  struct suspect {
    unassigned_items left;
    std::uint64_t piece = 1;  // handed out together
  };

  static item_range cut(item_range& source, std::uint64_t count) {
    const item_range taken{source.first, std::min(count, source.count)};
    source.first += taken.count;
    source.count -= taken.count;
    return taken;
  }

  std::deque<item_range> fresh_;
  std::deque<item_range> returned_;
  std::list<suspect> suspects_;
  std::uint64_t count_ = 0;
};

}  // namespace rankwise::core
