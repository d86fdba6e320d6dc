// SPDX-License-Identifier: MIT
#pragma once

#include <boost/math/distributions/students_t.hpp>

#include <cmath>
#include <cstddef>
#include <limits>
#include <span>

namespace rsa_keygen {

/// A figure and its uncertainty: the interval that holds the true value in 95 of 100 such runs.
struct estimate {
  double value = 0;
  /// Half the interval's width on a logarithmic scale; infinite if nothing is known of the spread.
  double log_margin = std::numeric_limits<double>::infinity();

  double low() const { return value * std::exp(-log_margin); }

  double high() const { return value * std::exp(log_margin); }

  bool has_interval() const { return std::isfinite(log_margin); }
};

/// Keys a second of a run: `key_seconds.size()` keys in `run_seconds`, uncertain because the next
/// keys will take other times.
///
/// Local. Shapes: key_seconds and run_seconds > 0. One key tells nothing of the spread.
/// Source: the standard error of the logarithm of a mean is s / (mean sqrt(n)) (delta method:
/// Casella and Berger,
///         Statistical Inference, 5.5.4), times the 0.975 quantile of Student's t with n - 1
///         degrees of freedom. The rate goes as the inverse of the mean key time, so its logarithm
///         has the same error.
inline estimate key_rate(std::span<const double> key_seconds, double run_seconds) {
  const auto n = static_cast<double>(key_seconds.size());
  estimate rate{.value = n / run_seconds};
  if (key_seconds.size() < 2) return rate;
  double mean = 0;
  for (const double seconds : key_seconds) mean += seconds / n;
  double squares = 0;
  for (const double seconds : key_seconds) squares += (seconds - mean) * (seconds - mean);
  const double deviation = std::sqrt(squares / (n - 1));
  constexpr double two_sided_95 = 0.975;
  const double student = boost::math::quantile(boost::math::students_t(n - 1), two_sided_95);
  rate.log_margin = student * deviation / (mean * std::sqrt(n));
  return rate;
}

/// How many times faster `many` is than `one`: two runs with keys of their own, so that both are
/// uncertain. Source: variances of independent logarithms add (delta method, as above).
inline estimate speed_up(const estimate& many, const estimate& one) {
  return {.value = many.value / one.value,
          .log_margin = std::hypot(many.log_margin, one.log_margin)};
}

}  // namespace rsa_keygen
