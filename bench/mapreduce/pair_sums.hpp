// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace bench {

/// What a straight line through pairs of bytes is computed from.
struct pair_sums {
  std::uint64_t n = 0;
  std::uint64_t x = 0;
  std::uint64_t y = 0;
  std::uint64_t xx = 0;
  std::uint64_t yy = 0;
  std::uint64_t xy = 0;

  void add(const pair_sums& other) {
    n += other.n;
    x += other.x;
    y += other.y;
    xx += other.xx;
    yy += other.yy;
    xy += other.xy;
  }
};

/// The sums over whole pairs x, y, x, y ..., with the widest vectors that this core has.
///
/// Shapes: at most 256 KiB, an even number of bytes.
pair_sums sum_pairs(std::span<const unsigned char> bytes);

}  // namespace bench
