// SPDX-License-Identifier: MIT
#pragma once

#include "linear_regression/double_double.hpp"

#include <cstdint>

namespace linear_regression {

/// What a straight line through some points depends on: their number, their means, and the sums of
/// the products of their deviations from the means.
struct moments {
  std::uint64_t n = 0;
  double_double mean_x;
  double_double mean_y;
  double_double xx;
  double_double yy;
  double_double xy;

  /// Of the points of both.
  ///
  /// Source: Chan, Golub and LeVeque, Updating formulae and a pairwise algorithm for computing
  ///         sample variances, Stanford STAN-CS-79-773 (1979); the products as the squares.
  friend moments operator+(const moments& one, const moments& other) {
    if (one.n == 0) return other;
    if (other.n == 0) return one;
    const double_double step_x = other.mean_x - one.mean_x;
    const double_double step_y = other.mean_y - one.mean_y;
    const double_double share = double_double::of(other.n) / double_double::of(one.n + other.n);
    const double_double weight = double_double::of(one.n) * share;
    return {.n = one.n + other.n,
            .mean_x = one.mean_x + step_x * share,
            .mean_y = one.mean_y + step_y * share,
            .xx = one.xx + other.xx + step_x * step_x * weight,
            .yy = one.yy + other.yy + step_y * step_y * weight,
            .xy = one.xy + other.xy + step_x * step_y * weight};
  }
};

/// Takes points one by one, and makes their moments.
///
/// Up to 2^16 points are summed as their differences from the first of them, which have no rounding
/// error; then their moments are merged with those of the points before them.
///
/// Error: of m merges (here, and of what other ranks have summed) xx and yy come out within
///        (2^-70 + m s 2^-100) of themselves, and xy within that part of sqrt(xx yy), where s is
///        the larger of |mean| / standard deviation of x and y. So doubles hardly ever see it, and
///        the order of the merges does not matter to them.
/// Source: a sum of b terms is within 3 b u^2 of the sum of their magnitudes (double_double). The
///         squares of the differences sum up to at most (1 + b) xx: the deviation of the first
///         point, whose square is one of those in xx, is in each. With b = 2^16 that makes
///         9 b (1 + b) u^2 < 2^-70. A merge adds the error of the means, some u^2 of each.
class point_sums {
 public:
  void add(double x, double y) {
    if (n_ == 0) {
      first_x_ = x;
      first_y_ = y;
    }
    const double_double from_x = double_double::sum(x, -first_x_);
    const double_double from_y = double_double::sum(y, -first_y_);
    x_ += from_x;
    y_ += from_y;
    xx_ += from_x * from_x;
    yy_ += from_y * from_y;
    xy_ += from_x * from_y;
    constexpr std::uint64_t at_once = std::uint64_t{1} << 16U;
    if (++n_ == at_once) *this = point_sums(so_far());
  }

  /// Of all points that were added.
  moments so_far() const {
    if (n_ == 0) return before_;
    const double_double n = double_double::of(n_);
    return before_ + moments{.n = n_,
                             .mean_x = double_double{first_x_} + x_ / n,
                             .mean_y = double_double{first_y_} + y_ / n,
                             .xx = xx_ - x_ * x_ / n,
                             .yy = yy_ - y_ * y_ / n,
                             .xy = xy_ - x_ * y_ / n};
  }

  point_sums() = default;

 private:
  explicit point_sums(const moments& before) : before_(before) {}

  moments before_;
  std::uint64_t n_ = 0;
  double first_x_ = 0;
  double first_y_ = 0;
  double_double x_;
  double_double y_;
  double_double xx_;
  double_double yy_;
  double_double xy_;
};

}  // namespace linear_regression
