// SPDX-License-Identifier: MIT
#pragma once

#include <boost/math/distributions/students_t.hpp>

#include <cmath>
#include <vector>

namespace bench {

/// A mean, and half the width of the interval that holds the true one in 95 of 100 cases.
/// Source: Student's t with n - 1 degrees of freedom.
struct estimate {
  double mean = 0;
  double margin = 0;
};

inline estimate estimate_of(const std::vector<double>& values) {
  estimate found;
  const auto n = static_cast<double>(values.size());
  for (const double value : values) found.mean += value / n;
  if (values.size() < 2) return found;
  double squares = 0;
  for (const double value : values) squares += (value - found.mean) * (value - found.mean);
  const double student = boost::math::quantile(boost::math::students_t(n - 1), 0.975);
  found.margin = student * std::sqrt(squares / (n - 1) / n);
  return found;
}

}  // namespace bench
