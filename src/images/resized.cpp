// SPDX-License-Identifier: MIT
#include "images/resized.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <numeric>
#include <vector>

namespace rankwise::images {

namespace {

constexpr std::size_t n_channels = 3;
constexpr unsigned weight_bits = 16;
constexpr unsigned fraction_bits = 8;  // of levels between the two passes

/// The old pixels of a row or column that a new one is made of; weights add up to 1 <<
/// weight_bits.
struct weighted_run {
  std::size_t first = 0;
  std::vector<std::uint32_t> weights;
};

/// In units of 1 / (2 to) of an old pixel, the centre of new pixel i is at (2 i + 1) from, that of
/// old pixel j at (2 j + 1) to, and half of the triangle is 2 max(from, to) wide.
std::vector<weighted_run> runs(std::int64_t from, std::int64_t to) {
  const std::int64_t half = 2 * std::max(from, to);
  std::vector<weighted_run> all;
  for (std::int64_t i = 0; i < to; ++i) {
    const std::int64_t centre = (2 * i + 1) * from;
    const auto old_pixel = [&](std::int64_t place) {
      return std::clamp(place / (2 * to), std::int64_t{0}, from - 1);
    };
    const std::int64_t first = old_pixel(centre - half);
    const std::int64_t last = old_pixel(centre + half);
    std::vector<std::int64_t> heights;
    for (std::int64_t j = first; j <= last; ++j)
      heights.push_back(std::max(std::int64_t{0}, half - std::abs((2 * j + 1) * to - centre)));
    const std::int64_t sum = std::accumulate(heights.begin(), heights.end(), std::int64_t{0});
    weighted_run run{static_cast<std::size_t>(first), {}};
    for (const std::int64_t height : heights)
      run.weights.push_back(static_cast<std::uint32_t>((height << weight_bits) / sum));
    // What rounding down has left belongs to the largest.
    *std::max_element(run.weights.begin(), run.weights.end()) +=
        (1U << weight_bits) -
        std::accumulate(run.weights.begin(), run.weights.end(), std::uint32_t{0});
    all.push_back(std::move(run));
  }
  return all;
}

/// Rows in their new width: [height, width, 3] levels, in units of 1 / (1 << fraction_bits).
std::vector<std::uint32_t> narrowed(const picture& whole, std::uint32_t width) {
  const std::vector<weighted_run> columns = runs(whole.width, width);
  std::vector<std::uint32_t> made(std::size_t{width} * whole.height * n_channels);
  std::uint32_t* to = made.data();
  for (std::size_t y = 0; y < whole.height; ++y) {
    const std::uint8_t* const row = &whole.pixels[y * whole.width * n_channels];
    for (const weighted_run& column : columns) {
      std::uint32_t sums[n_channels] = {};
      const std::uint8_t* from = row + column.first * n_channels;
      for (const std::uint32_t weight : column.weights) {
        for (std::uint32_t& sum : sums) sum += weight * *from++;
      }
      constexpr unsigned shift = weight_bits - fraction_bits;
      for (const std::uint32_t sum : sums) *to++ = (sum + (1U << (shift - 1))) >> shift;
    }
  }
  return made;
}

}  // namespace

picture resized(const picture& whole, std::uint32_t width, std::uint32_t height) {
  if (whole.width == width && whole.height == height) return whole;
  const std::vector<std::uint32_t> rows = narrowed(whole, width);
  const std::size_t row_size = std::size_t{width} * n_channels;
  picture made{width, height, {}};
  made.pixels.resize(row_size * height);
  std::uint8_t* to = made.pixels.data();
  std::vector<std::uint64_t> sums(row_size);
  for (const weighted_run& run : runs(whole.height, height)) {
    std::fill(sums.begin(), sums.end(), 0);
    const std::uint32_t* from = &rows[run.first * row_size];
    for (const std::uint32_t weight : run.weights) {
      for (std::uint64_t& sum : sums) sum += std::uint64_t{weight} * *from++;
    }
    constexpr unsigned shift = weight_bits + fraction_bits;
    for (const std::uint64_t sum : sums)
      *to++ = static_cast<std::uint8_t>((sum + (std::uint64_t{1} << (shift - 1))) >> shift);
  }
  return made;
}

}  // namespace rankwise::images
