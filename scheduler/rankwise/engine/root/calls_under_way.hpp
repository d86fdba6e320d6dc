// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/types.hpp>
#include <rankwise/engine/root/running_call.hpp>
#include <rankwise/rank.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace rankwise::engine {

/// The calls that the root runs, in the order in which they have begun.
class calls_under_way {
 public:
  auto begin() const { return calls_.begin(); }

  auto end() const { return calls_.end(); }

  std::size_t size() const { return calls_.size(); }

  bool empty() const { return calls_.empty(); }

  const std::shared_ptr<running_call>& front() const { return calls_.front(); }

  const std::shared_ptr<running_call>& back() const { return calls_.back(); }

  /// The call begins. Time that passes counts once: to the oldest call that does not last as long
  /// as the job.
  void add(std::shared_ptr<running_call> call, core::duration at) {
    if (!call->is_lasting) {
      if (const std::shared_ptr<running_call> other = oldest_passing()) {
        call->has_company = other->has_company = true;
      } else {
        call->counted_since = at;
      }
    }
    calls_.push_back(std::move(call));
  }

  void remove(const running_call& call, core::duration at) {
    const bool was_counted = call.counted_since.has_value();
    std::erase_if(calls_, [&](const auto& one) { return one.get() == &call; });
    if (!was_counted) return;
    if (const std::shared_ptr<running_call> next = oldest_passing()) next->counted_since = at;
  }

  /// Of those that do not last as long as the job, the one that has begun first; null if there is
  /// none.
  std::shared_ptr<running_call> oldest_passing() const {
    const auto found =
        std::find_if(begin(), end(), [](const auto& one) { return !one->is_lasting; });
    return found == end() ? nullptr : *found;
  }

  /// Some call runs on all ranks at once.
  bool fill_ranks() const {
    return std::any_of(begin(), end(), [](const auto& one) { return one->fills_ranks(); });
  }

  /// Lets each call know whether others have work for its ranks.
  void share_ranks() {
    const auto has_work = [](const auto& one) { return one->coordinator.n_pending() != 0; };
    const bool is_shared = size() > 1 && std::count_if(begin(), end(), has_work) > 1;
    for (const std::shared_ptr<running_call>& one : calls_) one->coordinator.share_ranks(is_shared);
  }

  void clear() { calls_.clear(); }

  /// The call of that number, as messages have it; null if it is not under way.
  std::shared_ptr<running_call> find(std::uint32_t number) const {
    for (const std::shared_ptr<running_call>& one : calls_) {
      if (one->wire_number == number) return one;
    }
    return nullptr;
  }

  /// A call that has results to deliver, each in its turn; null if none has.
  std::shared_ptr<running_call> find_with_results() {
    const auto next = std::find_if(
        begin(), end(), [this](const auto& one) { return one->wire_number > last_delivered_; });
    const auto find = [this](auto first, auto last) -> std::shared_ptr<running_call> {
      const auto found =
          std::find_if(first, last, [](const auto& one) { return one->call.take_results(); });
      if (found == last) return nullptr;
      last_delivered_ = (*found)->wire_number;
      return *found;
    };
    if (std::shared_ptr<running_call> found = find(next, end())) return found;
    return find(begin(), next);
  }

  std::vector<std::uint32_t> numbers() const {
    std::vector<std::uint32_t> all;
    for (const std::shared_ptr<running_call>& one : calls_) all.push_back(one->wire_number);
    return all;
  }

  /// Some call is handed out to `rank`.
  bool use(rank_id rank) const {
    return std::any_of(begin(), end(), [&](const auto& one) { return one->uses(rank); });
  }

  /// The newest of `rank` in any of them.
  core::incarnation_number incarnation_of(rank_id rank) const {
    core::incarnation_number newest = 0;
    for (const std::shared_ptr<running_call>& one : calls_) {
      if (one->uses(rank)) newest = std::max(newest, one->coordinator.record(rank).incarnation);
    }
    return newest;
  }

 private:
  std::vector<std::shared_ptr<running_call>> calls_;
  std::uint32_t last_delivered_ = 0;  // the call whose results were delivered last
};

}  // namespace rankwise::engine
