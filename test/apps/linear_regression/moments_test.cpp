// SPDX-License-Identifier: MIT
#include "linear_regression/moments.hpp"

#include "catch.hpp"
#include "linear_regression/double_double.hpp"

#include <boost/multiprecision/cpp_int.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <random>
#include <vector>

using boost::multiprecision::cpp_rational;
using linear_regression::double_double;
using linear_regression::moments;
using linear_regression::point_sums;

namespace {

struct point {
  double x = 0;
  double y = 0;
};

cpp_rational exactly(double_double number) {
  return cpp_rational(number.high) + cpp_rational(number.low);
}

/// |found - expected| / scale, as a double.
double error(const cpp_rational& found, const cpp_rational& expected, const cpp_rational& scale) {
  if (found == expected) return 0;
  return std::abs((cpp_rational(found - expected) / scale).convert_to<double>());
}

/// The moments by exact fractions; every number here is one.
struct exact_moments {
  explicit exact_moments(const std::vector<point>& points) {
    const cpp_rational n = points.size();
    for (const point& one : points) {
      mean_x += cpp_rational(one.x);
      mean_y += cpp_rational(one.y);
      xx += cpp_rational(one.x) * cpp_rational(one.x);
      yy += cpp_rational(one.y) * cpp_rational(one.y);
      xy += cpp_rational(one.x) * cpp_rational(one.y);
    }
    mean_x /= n;
    mean_y /= n;
    xx -= n * mean_x * mean_x;
    yy -= n * mean_y * mean_y;
    xy -= n * mean_x * mean_y;
  }

  /// The largest relative error of `found`; that of xy is relative to sqrt(xx yy).
  double error_of(const moments& found) const {
    const cpp_rational scale =
        std::sqrt(xx.convert_to<double>()) * std::sqrt(yy.convert_to<double>());
    return std::max({error(exactly(found.mean_x), mean_x, mean_x),
                     error(exactly(found.mean_y), mean_y, mean_y),
                     error(exactly(found.xx), xx, xx),
                     error(exactly(found.yy), yy, yy),
                     error(exactly(found.xy), xy, scale)});
  }

  cpp_rational mean_x;
  cpp_rational mean_y;
  cpp_rational xx;
  cpp_rational yy;
  cpp_rational xy;
};

moments summed(const point* first, const point* last) {
  point_sums sums;
  for (; first != last; ++first) sums.add(first->x, first->y);
  return sums.so_far();
}

moments summed(const std::vector<point>& points) {
  return summed(points.data(), points.data() + points.size());
}

std::vector<point> points_near_a_line(std::size_t n, double mean, double deviation) {
  std::mt19937_64 random(n);
  std::normal_distribution<double> normal(0, deviation);
  std::vector<point> points(n);
  for (point& one : points) {
    one.x = mean + normal(random);
    one.y = -0.7 * one.x + normal(random);
  }
  return points;
}

}  // namespace

TEST_CASE("double-double arithmetic keeps to its bounds") {
  std::mt19937_64 random(3);
  std::uniform_real_distribution<double> mantissa(-2, 2);
  std::uniform_int_distribution<int> exponent(-60, 60);
  const auto any = [&] { return std::ldexp(mantissa(random), exponent(random)); };
  const auto pair = [&] {
    const double high = any();
    return double_double::sum(high, std::ldexp(high, -54) * mantissa(random));
  };
  const double u2 = 0x1p-106;
  for (int round = 0; round < 2000; ++round) {
    const double_double a = pair();
    const double_double b = pair();
    const cpp_rational exact_a = exactly(a);
    const cpp_rational exact_b = exactly(b);
    const auto check = [](double_double found, const cpp_rational& expected, double bound) {
      CHECK(error(exactly(found), expected, expected) <= bound);
      CHECK(found.high == found.high + found.low);
    };
    check(a + b, exact_a + exact_b, 3.001 * u2);
    check(a - b, exact_a - exact_b, 3.001 * u2);
    check(a * b, exact_a * exact_b, 5.001 * u2);
    check(a / b, exact_a / exact_b, 15.001 * u2);
    CHECK(exactly(double_double::sum(a.high, b.high)) ==
          cpp_rational(a.high) + cpp_rational(b.high));
    CHECK(exactly(double_double::product(a.high, b.high)) ==
          cpp_rational(a.high) * cpp_rational(b.high));
  }
  for (const std::uint64_t number :
       {std::uint64_t{0}, std::uint64_t{1}, std::numeric_limits<std::uint64_t>::max(), random()}) {
    CHECK(exactly(double_double::of(number)) == cpp_rational(number));
  }
}

TEST_CASE("moments are those of exact fractions") {
  for (const std::size_t n : {2U, 3U, 10U, 1000U}) {
    for (const double mean : {0.1, 1e3, -1e9}) {
      CAPTURE(n, mean);
      const std::vector<point> points = points_near_a_line(n, mean, 1);
      CHECK(exact_moments(points).error_of(summed(points)) < 0x1p-70);
    }
  }
}

TEST_CASE("a first point far from the others costs what the bound says") {
  std::vector<point> points = points_near_a_line(3000, 0, 1);
  points.front() = {1e8, 1e9};
  CHECK(exact_moments(points).error_of(summed(points)) < 0x1p-70);
}

TEST_CASE("the order in which moments are merged is lost in rounding") {
  std::vector<point> points = points_near_a_line(2000, 1e6, 1e-3);
  const exact_moments exact(points);
  std::mt19937_64 random(11);
  for (int round = 0; round < 20; ++round) {
    CAPTURE(round);
    std::shuffle(points.begin(), points.end(), random);
    std::vector<moments> parts;
    for (std::size_t first = 0; first < points.size();) {
      const std::size_t last = std::min(points.size(), first + random() % 200);
      parts.push_back(summed(points.data() + first, points.data() + last));
      first = last;
    }
    while (parts.size() > 1) {
      std::shuffle(parts.begin(), parts.end(), random);
      const moments last = parts.back();
      parts.pop_back();
      parts.front() = parts.front() + last;
    }
    CHECK(parts.front().n == points.size());
    CHECK(exact.error_of(parts.front()) < 0x1p-60);
  }
}

TEST_CASE("more points than are summed at once") {
  constexpr std::size_t n = 200'000;
  point_sums sums;
  for (std::size_t i = 0; i < n; ++i)
    sums.add(static_cast<double>(i), 5e7 - 3 * static_cast<double>(i));
  const moments found = sums.so_far();
  // Of 0, 1 ... n - 1: mean (n - 1) / 2, squares n (n^2 - 1) / 12.
  const cpp_rational squares = cpp_rational(n) * (cpp_rational(n) * n - 1) / 12;
  CHECK(found.n == n);
  CHECK(exactly(found.mean_x) == cpp_rational(n - 1) / 2);
  CHECK(error(exactly(found.xx), squares, squares) < 0x1p-70);
  CHECK(error(exactly(found.xy), -3 * squares, squares) < 0x1p-70);
  CHECK(error(exactly(found.yy), 9 * squares, squares) < 0x1p-68);
}

TEST_CASE("no points are nothing to merge with") {
  const std::vector<point> points = points_near_a_line(5, 2, 1);
  const moments some = summed(points);
  CHECK((moments{} + some).xx.high == some.xx.high);
  CHECK((some + moments{}).n == 5);
  CHECK((moments{} + moments{}).n == 0);
}

TEST_CASE("equal points leave exactly nothing") {
  const std::vector<point> points(100'000, point{.x = 0.1, .y = 1e200});
  const moments found = summed(points) + summed(points);
  CHECK(found.xx.high == 0);
  CHECK(found.mean_x.high == 0.1);
}
