// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstdint>

namespace linear_regression {

/// A number of about 106 bits: the sum of two doubles, of which `low` is at most half a unit in the
/// last place of `high`.
///
/// Relative errors, with u = 2^-53: 3 u^2 of a sum or difference, 5 u^2 of a product, 15 u^2 of a
/// quotient, and terms in u^3.
/// Source: Joldes, Muller and Popescu, Tight and rigorous error bounds for basic building blocks of
///         double-word arithmetic, ACM TOMS 44 (2017), algorithms 6, 12 and 17.
struct double_double {
  double high = 0;
  double low = 0;

  /// Without an error.
  static double_double of(std::uint64_t number) {
    const auto upper = static_cast<double>(number & ~std::uint64_t{0xFFFF'FFFF});
    const auto lower = static_cast<double>(number & 0xFFFF'FFFF);
    return fast_sum(upper, lower);
  }

  /// a + b without an error.
  static double_double sum(double a, double b) {
    const double high = a + b;
    const double of_b = high - a;
    return {high, (a - (high - of_b)) + (b - of_b)};
  }

  /// a * b without an error, short of underflow.
  static double_double product(double a, double b) {
    const double high = a * b;
    return {high, std::fma(a, b, -high)};
  }

  friend double_double operator-(double_double a) { return {-a.high, -a.low}; }

  friend double_double operator+(double_double a, double_double b) {
    const double_double highs = sum(a.high, b.high);
    const double_double lows = sum(a.low, b.low);
    const double_double both = fast_sum(highs.high, highs.low + lows.high);
    return fast_sum(both.high, lows.low + both.low);
  }

  friend double_double operator-(double_double a, double_double b) { return a + -b; }

  friend double_double operator*(double_double a, double_double b) {
    const double_double highs = product(a.high, b.high);
    const double cross = std::fma(a.low, b.high, std::fma(a.high, b.low, a.low * b.low));
    return fast_sum(highs.high, highs.low + cross);
  }

  friend double_double operator/(double_double a, double_double b) {
    const double first = a.high / b.high;
    const double_double covered = b * double_double{first, 0};
    const double rest = (a.high - covered.high) + (a.low - covered.low);
    return fast_sum(first, rest / b.high);
  }

  double_double& operator+=(double_double other) { return *this = *this + other; }

 private:
  /// a + b without an error, where |a| >= |b| or a = 0.
  static double_double fast_sum(double a, double b) {
    const double high = a + b;
    return {high, b - (high - a)};
  }
};

}  // namespace linear_regression
