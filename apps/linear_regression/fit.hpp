// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/error.hpp>

#include "linear_regression/double_double.hpp"
#include "linear_regression/moments.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>

namespace linear_regression {

/// The straight line y = slope x + intercept with the least squares of what it leaves of y.
struct line_fit {
  std::uint64_t n = 0;
  double slope = 0;
  double intercept = 0;
  /// The part of y's variance that the line explains; none if y is constant.
  std::optional<double> r2 = std::nullopt;
  double slope_error = 0;      ///< its standard error
  double intercept_error = 0;  ///< its standard error
  /// Rows in which a number is missing; none where such rows are refused.
  std::optional<std::uint64_t> left_out = std::nullopt;
};

/// Fits a line to points.
///
/// Error: where the moments are within e of exact, slope, r2 and intercept (as far as it does not
///        cancel) are within some e and a rounding; the standard errors are within e / (1 - r2).
///        What the line leaves below 2^-48 of the standard deviation of y counts as nothing: it
///        can't be told from rounding.
/// Throws: config_error if there are less than 3 points, if all have one x, or if squares or what
///         comes of them overflow.
/// Source: Draper and Smith, Applied Regression Analysis, 3rd edition (1998), 1.2 to 1.4.
inline line_fit fit_line(const moments& points) {
  if (points.n < 3) {
    throw rankwise::config_error(
        fmt::format("a line with standard errors: found {} {}, accepted: 3 or more",
                    points.n,
                    points.n == 1 ? "point" : "points"));
  }
  const auto& [n, mean_x, mean_y, xx, yy, xy] = points;
  if (!std::isfinite(xx.high) || !std::isfinite(yy.high)) {
    throw rankwise::config_error(
        "found numbers whose squares are too large for a double, accepted: up to 1e150");
  }
  if (xx.high <= 0) {
    throw rankwise::config_error(
        fmt::format("found x = {} in all {} points, accepted: x that differ", mean_x.high, n));
  }
  const double_double slope = xy / xx;
  const double_double explained = slope * xy;
  const double_double difference = yy - explained;
  constexpr double negligible = 0x1p-96;
  const double_double left = difference.high > negligible * yy.high ? difference : double_double{};
  const double_double variance = left / double_double::of(n - 2);
  const double_double of_mean = double_double{1} / double_double::of(n) + mean_x * mean_x / xx;
  line_fit fit{.n = n,
               .slope = slope.high,
               .intercept = (mean_y - slope * mean_x).high,
               .slope_error = std::sqrt((variance / xx).high),
               .intercept_error = std::sqrt((variance * of_mean).high)};
  if (yy.high > 0) fit.r2 = left.high > 0 ? (explained / yy).high : 1;
  for (const double figure :
       {fit.slope, fit.intercept, fit.r2.value_or(0), fit.slope_error, fit.intercept_error}) {
    if (std::isfinite(figure)) continue;
    throw rankwise::config_error(
        fmt::format("a line of slope {} and intercept {}: found figures that a double can't hold, "
                    "accepted: up to {:.2g}",
                    fit.slope,
                    fit.intercept,
                    std::numeric_limits<double>::max()));
  }
  return fit;
}

}  // namespace linear_regression
