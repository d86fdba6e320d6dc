// SPDX-License-Identifier: MIT
#pragma once

#include "linear_regression/fit.hpp"

#include <fmt/format.h>

#include <cmath>
#include <string>

namespace linear_regression {

/// The line and what is known of it, for a reader.
inline std::string table(const line_fit& fit) {
  const auto row = [](const char* name, double value, double error) {
    return fmt::format("{:<9}  {:>24}  {:>24}\n", name, value, error);
  };
  return fmt::format("{} points{}: y = {:.6g} x {} {:.6g}\n{:<9}  {:>24}  {:>24}\n",
                     fit.n,
                     fit.left_out ? fmt::format(" ({} rows left out)", *fit.left_out) : "",
                     fit.slope,
                     std::signbit(fit.intercept) ? '-' : '+',
                     std::abs(fit.intercept),
                     "",
                     "estimate",
                     "standard error") +
         row("slope", fit.slope, fit.slope_error) +
         row("intercept", fit.intercept, fit.intercept_error) +
         fmt::format(
             "{:<9}  {:>24}\n", "r2", fit.r2 ? fmt::to_string(*fit.r2) : "- (y is constant)");
}

/// The same as one JSON object on a line; each number is read back as the same double.
inline std::string json_line(const line_fit& fit) {
  return fmt::format(R"({{"n":{},"slope":{},"intercept":{},"r2":{},)"
                     R"("slope_error":{},"intercept_error":{}{}}})"
                     "\n",
                     fit.n,
                     fit.slope,
                     fit.intercept,
                     fit.r2 ? fmt::to_string(*fit.r2) : "null",
                     fit.slope_error,
                     fit.intercept_error,
                     fit.left_out ? fmt::format(R"(,"left_out":{})", *fit.left_out) : "");
}

}  // namespace linear_regression
