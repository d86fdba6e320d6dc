// SPDX-License-Identifier: MIT
#include "histogram/equal_bins.hpp"

#include <rankwise/error.hpp>

#include "catch.hpp"
#include "histogram/settings.hpp"

#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string>

using Catch::Matchers::Equals;
using histogram::equal_bins;
using histogram::settings;
using histogram::value_range;

namespace {

/// The bin by its definition: the last one whose lower edge the value reaches.
std::uint32_t bin_by_edges(const equal_bins& bins, double value) {
  std::uint32_t bin = 0;
  while (bin + 1 < bins.n && value >= bins.edge(bin + 1)) ++bin;
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
      const equal_bins bins{.range = range, .n = n};
      CAPTURE(range.low, range.high, n);
      CHECK(bins.edge(0) == range.low);
      CHECK(bins.edge(n) == range.high);
      std::uniform_real_distribution<double> between(0, 1);
      for (int round = 0; round < 50; ++round) {
        const double value = std::lerp(range.low, range.high, between(random));
        CHECK(bins.bin_of(value) == bin_by_edges(bins, value));
      }
      for (std::uint32_t bin = 0; bin <= n; ++bin) {
        const double edge = bins.edge(bin);
        CHECK(bins.bin_of(edge) == bin_by_edges(bins, edge));
        const double before = std::nextafter(edge, -std::numeric_limits<double>::infinity());
        if (before >= range.low) CHECK(bins.bin_of(before) == bin_by_edges(bins, before));
      }
    }
  }
}

TEST_CASE("values outside of all bins") {
  const equal_bins bins{.range = {-1, 2}, .n = 3};
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
  asked.column = "weight";
  CHECK(histogram::range_of_bins(asked, {1, 2}) == value_range{1, 2});
  CHECK(histogram::range_of_bins(asked, {3, 3}) == value_range{2.5, 3.5});
  CHECK_THAT(refusal_of(asked, {}),
             Equals("--column weight: found no numbers, accepted without both --min and --max: one "
                    "or more"));
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
