// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/rank.hpp>

#include <chrono>
#include <cstdint>

namespace rankwise::core {

/// A span of time; also a point in time, counted from a moment that the caller chooses.
using duration = std::chrono::nanoseconds;

/// `count` items from index `first` on.
struct item_range {
  std::uint64_t first = 0;
  std::uint64_t count = 0;

  constexpr std::uint64_t end() const { return first + count; }

  constexpr bool operator==(const item_range&) const = default;
};

/// Which incarnation of a rank a message belongs to: a rank that was given up and speaks again
/// starts a new one.
using incarnation_number = std::uint32_t;

}  // namespace rankwise::core
