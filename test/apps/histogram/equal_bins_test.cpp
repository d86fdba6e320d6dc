// SPDX-License-Identifier: MIT
#include "histogram/equal_bins.hpp"

#include <rankwise/error.hpp>

#include "catch.hpp"
#include "histogram/settings.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <random>
#include <string>
#include <vector>

using Catch::Matchers::Equals;
using histogram::equal_bins;
using histogram::make_equal_bins;
using histogram::settings;
using histogram::value_range;

namespace {

/// The bin by its definition: the last one whose lower edge the value reaches.
std::uint32_t bin_by_edges(const equal_bins& bins, double value) {
  std::uint32_t bin = 0;
  while (bin + 1 < bins.n() && value >= bins.edges[bin + 1]) ++bin;
  return bin;
}

std::string refusal_of(const settings& asked, const value_range& found) {
  try {
    histogram::range_of_bins(asked, found);
  } catch (const rankwise::config_error& error) {
    return error.what();
  }
  return "none";
}

}  // namespace

TEST_CASE("values lie in the bins whose edges say so") {
  std::mt19937_64 random(1);
  for (const value_range& range : {value_range{0, 1},
                                   value_range{-0.3, 0.7},
                                   value_range{1e9, 1e9 + 1e-6},
                                   value_range{-1e300, 1e300},
                                   value_range{0, 5e-324},
                                   value_range{1, std::nextafter(1, 2)}}) {
    for (const std::uint32_t n : {1U, 2U, 3U, 10U, 49U, 1000U}) {
      const equal_bins bins = make_equal_bins(range, n);
      CAPTURE(range.low, range.high, n);
      CHECK(bins.n() == n);
      CHECK(bins.low() == range.low);
      CHECK(bins.high() == range.high);
      CHECK(std::is_sorted(bins.edges.begin(), bins.edges.end()));
      std::uniform_real_distribution<double> between(0, 1);
      for (int round = 0; round < 50; ++round) {
        const double value = std::lerp(range.low, range.high, between(random));
        CHECK(bins.bin_of(value) == bin_by_edges(bins, value));
      }
      for (std::uint32_t bin = 0; bin <= n; ++bin) {
        const double edge = bins.edges[bin];
        CHECK(bins.bin_of(edge) == bin_by_edges(bins, edge));
        const double before = std::nextafter(edge, -std::numeric_limits<double>::infinity());
        if (before >= range.low) CHECK(bins.bin_of(before) == bin_by_edges(bins, before));
      }
    }
  }
}

TEST_CASE("a bin begins at the double nearest to its exact edge") {
  // 3 / 10 is nearest to 0.3, while 3 * (1.0 / 10) is 0.30000000000000004.
  const equal_bins tenths = make_equal_bins({0, 1}, 10);
  CHECK(tenths.edges == std::vector<double>{0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1});
  for (std::uint32_t k = 0; k < 10; ++k) CHECK(tenths.bin_of(k / 10.0) == k);

  // Below and above the edges that were found, no double is nearer to (low (n - k) + high k) / n.
  // All numbers are whole multiples of 2^-60, as those of at least 2^-7 are.
  __extension__ using wide = __int128;
  const auto exact = [](double value) {
    return static_cast<wide>(static_cast<std::int64_t>(std::ldexp(value, 60)));
  };
  const auto magnitude = [](wide value) { return value < 0 ? -value : value; };
  std::mt19937_64 random(2);
  std::uniform_real_distribution<double> some(0.0625, 0.9375);
  std::size_t n_checked = 0;
  for (int round = 0; round < 2000; ++round) {
    const double one = some(random);
    const double other = some(random);
    const double sign = round % 2 == 0 ? 1 : -1;
    const value_range range{std::min(sign * one, sign * other), std::max(sign * one, sign * other)};
    if (range.low == range.high) continue;
    const auto n = static_cast<std::uint32_t>(1 + random() % 100);
    const equal_bins bins = make_equal_bins(range, n);
    for (std::uint32_t k = 0; k <= n; ++k) {
      const wide sum = exact(range.low) * (n - k) + exact(range.high) * k;
      const auto distance = [&](double edge) { return magnitude(exact(edge) * n - sum); };
      const double edge = bins.edges[k];
      if (distance(edge) > distance(std::nextafter(edge, -2)) ||
          distance(edge) > distance(std::nextafter(edge, 2))) {
        CAPTURE(range.low, range.high, n, k, edge);
        FAIL("another double is nearer");
      }
      ++n_checked;
    }
  }
  CHECK(n_checked > 50'000);

  // Of two that are as near the even one; subnormal numbers; no -0.
  const double next = std::nextafter(1, 2);
  CHECK(make_equal_bins({1, next}, 2).edges == std::vector<double>{1, 1, next});
  CHECK(make_equal_bins({next, std::nextafter(next, 2)}, 2).edges[1] == std::nextafter(next, 2));
  CHECK(make_equal_bins({0, 5e-324}, 3).edges == std::vector<double>{0, 0, 5e-324, 5e-324});
  CHECK_FALSE(std::signbit(make_equal_bins({-5e-324, 5e-324}, 3).edges[1]));
  CHECK_FALSE(std::signbit(make_equal_bins({-1, 1}, 2).edges[1]));
}

TEST_CASE("values outside of all bins") {
  const equal_bins bins = make_equal_bins({-1, 2}, 3);
  CHECK(bins.bin_of(-1) == 0);
  CHECK(bins.bin_of(2) == 2);
  CHECK(bins.bin_of(std::nextafter(-1, -2)) == bins.below());
  CHECK(bins.bin_of(std::nextafter(2, 3)) == bins.above());
}

TEST_CASE("ranges are merged") {
  const value_range none;
  CHECK(none.is_empty());
  CHECK((none + none).is_empty());
  CHECK(none + value_range{1, 2} == value_range{1, 2});
  CHECK(value_range{1, 2} + value_range{-3, 1.5} == value_range{-3, 2});
}

TEST_CASE("the range of the bins") {
  settings asked;
  asked.column = csv::parse_column("weight");
  CHECK(histogram::range_of_bins(asked, {1, 2}) == value_range{1, 2});
  CHECK(histogram::range_of_bins(asked, {3, 3}) == value_range{2.5, 3.5});
  CHECK_THAT(
      refusal_of(asked, {}),
      Equals("weight: found no numbers, accepted without both --min and --max: one or more"));
  CHECK_THAT(refusal_of(asked, {1e300, 1e300}),
             Equals("bins from 1e+300 to 1e+300: accepted: from a number to a larger one, at a "
                    "distance that a double holds"));
  CHECK_THAT(refusal_of(asked, {-1e308, 1e308}),
             Equals("bins from -1e+308 to 1e+308: accepted: from a number to a larger one, at a "
                    "distance that a double holds"));
  asked.min = 5;
  CHECK(histogram::range_of_bins(asked, {1, 7}) == value_range{5, 7});
  CHECK_THAT(refusal_of(asked, {1, 5}),
             Equals("bins from 5 to 5: accepted: from a number to a larger one, at a distance that "
                    "a double holds"));
  asked.max = 6;
  CHECK(histogram::range_of_bins(asked, {}) == value_range{5, 6});
}
