// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/types.hpp>

#include <algorithm>
#include <cstdint>
#include <map>

namespace rankwise::core {

/// Which of several calls a rank serves next: the one of the highest priority, and of equal ones
/// the one that the rank has spent the least time on, so that they get equal shares of it.
///
/// Local: pure but for what is noted. Cost: logarithmic in the calls under way.
/// Source: start-time fair queueing, Goyal, Vin and Cheng 1996: a call that had nothing to do gets
/// no more later on for that.
class arbiter {
 public:
  /// A call is under way from now on.
  void begin(std::uint32_t call, std::int32_t priority) {
    shares_[call] = {priority, served_[priority]};
  }

  void end(std::uint32_t call) { shares_.erase(call); }

  /// A call has something to do again.
  void wake(std::uint32_t call) {
    const auto own = shares_.find(call);
    if (own != shares_.end())
      own->second.time = std::max(own->second.time, served_[own->second.priority]);
  }

  /// The rank has spent so long on a call.
  void add_time(std::uint32_t call, duration elapsed) {
    const auto own = shares_.find(call);
    if (own == shares_.end()) return;
    served_[own->second.priority] = own->second.time;
    own->second.time += elapsed;
  }

  /// Whether the rank is to serve `left` before `right`.
  bool is_before(std::uint32_t left, std::uint32_t right) const {
    const auto one = shares_.find(left);
    const auto other = shares_.find(right);
    if (one == shares_.end() || other == shares_.end()) return false;
    if (one->second.priority != other->second.priority)
      return one->second.priority > other->second.priority;
    return one->second.time < other->second.time;
  }

 private:
  struct share {
    std::int32_t priority = 0;
    duration time{};  // spent on it, and let go by while it had nothing to do
  };

  std::map<std::uint32_t, share> shares_;  // by call
  /// By priority: the time of the call that was served last, before that.
  std::map<std::int32_t, duration> served_;
};

}  // namespace rankwise::core
