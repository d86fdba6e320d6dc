// SPDX-License-Identifier: MIT
#pragma once

#include "linear_regression/double_double.hpp"
#include "linear_regression/moments.hpp"

#include <cstdint>
#include <span>

namespace linear_regression {

/// Exact sums over pairs of bytes (x, y).
///
/// None overflows below 2^47 pairs: a square is less than 2^16, so xx is less than 2^63.
struct byte_sums {
  std::uint64_t n = 0;
  std::uint64_t x = 0;
  std::uint64_t y = 0;
  std::uint64_t xx = 0;
  std::uint64_t yy = 0;
  std::uint64_t xy = 0;

  /// Over the pairs of both.
  friend byte_sums operator+(const byte_sums& one, const byte_sums& other) {
    return {.n = one.n + other.n,
            .x = one.x + other.x,
            .y = one.y + other.y,
            .xx = one.xx + other.xx,
            .yy = one.yy + other.yy,
            .xy = one.xy + other.xy};
  }

  bool operator==(const byte_sums&) const = default;
};

/// Sums over the pairs in `bytes`, an even number of them.
///
/// Local. Cost: with Highway some clocks for 32 or 64 bytes, by the widest vectors that the machine
/// has; else a loop that the compiler turns into the vectors of the machine that it compiles for.
byte_sums sum_pairs(std::span<const unsigned char> bytes);

/// The moments of the points whose sums these are.
///
/// Error: 60 u^2 of each of xx and yy, and that part of sqrt(xx yy) of xy, with u = 2^-53: the
///        means are rounded to whole numbers, the sums of the deviations from those are exact, and
///        at most twice as large as those from the means (no point lies nearer to a mean than the
///        whole number next to it).
inline moments moments_of(const byte_sums& sums) {
  if (sums.n == 0) return {};
  // Numbers modulo 2^64, whose final values fit.
  const std::uint64_t whole_x = (sums.x + sums.n / 2) / sums.n;
  const std::uint64_t whole_y = (sums.y + sums.n / 2) / sums.n;
  const auto signed_number = [](std::uint64_t number) {
    const auto value = static_cast<std::int64_t>(number);
    return value < 0 ? -double_double::of(-number) : double_double::of(number);
  };
  const double_double n = double_double::of(sums.n);
  const double_double rest_x = signed_number(sums.x - whole_x * sums.n);
  const double_double rest_y = signed_number(sums.y - whole_y * sums.n);
  const std::uint64_t xx = sums.xx - 2 * whole_x * sums.x + whole_x * whole_x * sums.n;
  const std::uint64_t yy = sums.yy - 2 * whole_y * sums.y + whole_y * whole_y * sums.n;
  const std::uint64_t xy =
      sums.xy - whole_x * sums.y - whole_y * sums.x + whole_x * whole_y * sums.n;
  return {.n = sums.n,
          .mean_x = double_double::of(whole_x) + rest_x / n,
          .mean_y = double_double::of(whole_y) + rest_y / n,
          .xx = double_double::of(xx) - rest_x * rest_x / n,
          .yy = double_double::of(yy) - rest_y * rest_y / n,
          .xy = signed_number(xy) - rest_x * rest_y / n};
}

}  // namespace linear_regression
