// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/types.hpp>

#include <algorithm>
#include <optional>

namespace rankwise::core {

/// Counts the time in which its owner looks at it. Of the time between two looks no more than
/// `longest_look` counts: in the rest the owner may have been stopped itself (a suspended job, a
/// paused container), together with those whose silence it measures.
///
/// Local: no clock of its own.
class listening_clock {
 public:
  explicit listening_clock(duration longest_look) : longest_look_(longest_look) {}

  /// The owner looks, at time `at` of a clock that does not go back. Returns the time counted.
  duration look(duration at) {
    if (looked_at_) counted_ += std::clamp(at - *looked_at_, duration{}, longest_look_);
    looked_at_ = at;
    return counted_;
  }

  /// The time counted up to the last look.
  duration counted() const { return counted_; }

  duration longest_look() const { return longest_look_; }

 private:
  duration longest_look_;
  duration counted_{};
  std::optional<duration> looked_at_;
};

}  // namespace rankwise::core
