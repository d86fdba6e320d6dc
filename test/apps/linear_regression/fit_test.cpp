// SPDX-License-Identifier: MIT
#include "linear_regression/fit.hpp"

#include <rankwise/error.hpp>

#include "catch.hpp"
#include "linear_regression/byte_sums.hpp"
#include "linear_regression/moments.hpp"

#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

using Catch::Matchers::Equals;
using linear_regression::byte_sums;
using linear_regression::fit_line;
using linear_regression::line_fit;
using linear_regression::moments;
using linear_regression::point_sums;

namespace {

moments moments_of(const std::vector<double>& x, const std::vector<double>& y) {
  point_sums sums;
  for (std::size_t i = 0; i < x.size(); ++i) sums.add(x[i], y[i]);
  return sums.so_far();
}

std::string refusal_of(const moments& points) {
  try {
    fit_line(points);
  } catch (const rankwise::config_error& error) {
    return error.what();
  }
  return "none";
}

}  // namespace

TEST_CASE("the Norris data set of NIST's Statistical Reference Datasets") {
  // https://www.itl.nist.gov/div898/strd/lls/data/Norris.shtml, with its certified values.
  const std::vector<double> y{0.1,   338.8, 118.1, 888.0, 9.2,   228.1, 668.5, 998.5, 449.1,
                              778.9, 559.2, 0.3,   0.1,   778.1, 668.8, 339.3, 448.9, 10.8,
                              557.7, 228.3, 998.0, 888.8, 119.6, 0.3,   0.6,   557.6, 339.3,
                              888.0, 998.5, 778.9, 10.2,  117.6, 228.9, 668.4, 449.2, 0.2};
  const std::vector<double> x{0.2,   337.4, 118.2, 884.6, 10.1,  226.5, 666.3, 996.3, 448.6,
                              777.0, 558.2, 0.4,   0.6,   775.5, 666.9, 338.0, 447.5, 11.6,
                              556.0, 228.1, 995.8, 887.6, 120.2, 0.3,   0.3,   556.8, 339.1,
                              887.2, 999.0, 779.0, 11.1,  118.3, 229.2, 669.1, 448.9, 0.5};
  const line_fit fit = fit_line(moments_of(x, y));
  // That the data are not what a double can hold makes 1e-14 of the standard errors.
  const auto near = [](double certified) { return Approx(certified).epsilon(5e-14).margin(0); };
  CHECK(fit.n == 36);
  CHECK(fit.intercept == near(-0.262323073774029));
  CHECK(fit.slope == near(1.00211681802045));
  CHECK(fit.intercept_error == near(0.232818234301152));
  CHECK(fit.slope_error == near(0.429796848199937e-03));
  CHECK(fit.r2.value() == near(0.999993745883712));
}

TEST_CASE("a line far from zero is found to the last digits") {
  // Of x = 10^9 + 0, 1 ... 9 and y = x^2 - 2 10^9 x + 10^18 = 0, 1, 4 ... 81: slope 9, intercept
  // -12 - 9 10^9, sum of what is left 528, of squares 82.5.
  std::vector<double> x;
  std::vector<double> y;
  for (int i = 0; i < 10; ++i) {
    x.push_back(1e9 + i);
    y.push_back(i * i);
  }
  const line_fit fit = fit_line(moments_of(x, y));
  CHECK(fit.slope == 9);
  CHECK(fit.intercept == -12 - 9e9);
  CHECK(fit.slope_error == Approx(std::sqrt(528 / 8.0 / 82.5)).epsilon(1e-15));
  CHECK(fit.intercept_error ==
        Approx(std::sqrt(66 * (0.1 + (1e9 + 4.5) * (1e9 + 4.5) / 82.5))).epsilon(1e-15));
}

TEST_CASE("points on a line leave nothing, whatever their rounding") {
  std::vector<double> x;
  std::vector<double> y;
  for (int i = 0; i < 100'000; ++i) {
    x.push_back(i * 0.1);
    y.push_back(3 - 0.25 * x.back());
  }
  const line_fit fit = fit_line(moments_of(x, y));
  CHECK(fit.slope == Approx(-0.25).epsilon(1e-15));
  CHECK(fit.intercept == Approx(3).epsilon(1e-15));
  CHECK(fit.slope_error < 1e-18);
  CHECK(fit.r2.value() == 1);

  const line_fit bytes = fit_line(linear_regression::moments_of(
      byte_sums{.n = 4, .x = 10, .y = 34, .xx = 30, .yy = 334, .xy = 100}));  // y = 3 x + 1
  CHECK(bytes.slope == 3);
  CHECK(bytes.intercept == 1);
  CHECK(bytes.slope_error == 0);
  CHECK(bytes.r2.value() == 1);
}

TEST_CASE("a constant y has a line, and nothing to explain") {
  const line_fit fit = fit_line(moments_of({1, 2, 3}, {7, 7, 7}));
  CHECK(fit.slope == 0);
  CHECK(fit.intercept == 7);
  CHECK(fit.slope_error == 0);
  CHECK_FALSE(fit.r2.has_value());
}

TEST_CASE("points that no line can be put through") {
  CHECK_THAT(refusal_of(moments{}),
             Equals("a line with standard errors: found 0 points, accepted: 3 or more"));
  CHECK_THAT(refusal_of(moments_of({1, 2}, {1, 2})),
             Equals("a line with standard errors: found 2 points, accepted: 3 or more"));
  CHECK_THAT(refusal_of(moments_of({2.5, 2.5, 2.5}, {1, 2, 3})),
             Equals("found x = 2.5 in all 3 points, accepted: x that differ"));
  CHECK_THAT(
      refusal_of(moments_of({1, 2, 3}, {1e200, -1e200, 3})),
      Equals("found numbers whose squares are too large for a double, accepted: up to 1e150"));
}
