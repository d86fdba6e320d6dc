// SPDX-License-Identifier: MIT
#include "images/resized.hpp"

#include "catch.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>

using rankwise::images::picture;
using rankwise::images::resized;

namespace {

picture noise(std::uint32_t width, std::uint32_t height, std::uint32_t seed) {
  std::mt19937 random(seed);
  picture made{width, height, {}};
  made.pixels.resize(std::size_t{width} * height * 3);
  for (std::uint8_t& byte : made.pixels) byte = static_cast<std::uint8_t>(random() >> 24U);
  return made;
}

/// The triangle filter in floating point, from its definition, in both directions at once.
double sample(const picture& whole, const picture& made, double x, double y, std::size_t channel) {
  const auto weight = [](double distance, double scale) {
    return std::max(0.0, 1 - std::abs(distance) / scale);
  };
  const double scale_x = std::max(1.0, static_cast<double>(whole.width) / made.width);
  const double scale_y = std::max(1.0, static_cast<double>(whole.height) / made.height);
  const double centre_x = (x + 0.5) * whole.width / made.width;
  const double centre_y = (y + 0.5) * whole.height / made.height;
  double sum = 0;
  double weights = 0;
  for (std::size_t j = 0; j < whole.height; ++j) {
    for (std::size_t i = 0; i < whole.width; ++i) {
      const double here = weight(static_cast<double>(i) + 0.5 - centre_x, scale_x) *
                          weight(static_cast<double>(j) + 0.5 - centre_y, scale_y);
      sum += here * whole.pixels[(j * whole.width + i) * 3 + channel];
      weights += here;
    }
  }
  return sum / weights;
}

}  // namespace

TEST_CASE("a picture in its own size stays as it is") {
  const picture whole = noise(7, 5, 1);
  CHECK(resized(whole, 7, 5).pixels == whole.pixels);
}

TEST_CASE("pixel centres are at halves") {
  // Of two pixels four: a quarter of a pixel outside, then between, then outside again.
  const picture whole{2, 1, {0, 0, 0, 100, 200, 40}};
  const picture wide = resized(whole, 4, 1);
  REQUIRE(wide.pixels.size() == 12);
  CHECK(wide.pixels == std::vector<std::uint8_t>{0, 0, 0, 25, 50, 10, 75, 150, 30, 100, 200, 40});
  // Of four pixels two: weights 3/7, 3/7, 1/7 from the outside inwards.
  const picture row{4, 1, {0, 70, 0, 70, 0, 0, 140, 7, 7, 210, 0, 140}};
  CHECK(resized(row, 2, 1).pixels == std::vector<std::uint8_t>{50, 31, 1, 160, 3, 63});
}

TEST_CASE("any size from any size is as the definition has it") {
  std::mt19937 random(20);
  for (int i = 0; i < 60; ++i) {
    const auto size = [&random] { return static_cast<std::uint32_t>(random() % 40 + 1); };
    const picture whole = noise(size(), size(), static_cast<std::uint32_t>(random()));
    const std::uint32_t width = size();
    const std::uint32_t height = size();
    const picture made = resized(whole, width, height);
    REQUIRE(made.width == width);
    REQUIRE(made.height == height);
    double worst = 0;
    for (std::size_t y = 0; y < height; ++y) {
      for (std::size_t x = 0; x < width; ++x) {
        for (std::size_t channel = 0; channel < 3; ++channel) {
          const double exact =
              sample(whole, made, static_cast<double>(x), static_cast<double>(y), channel);
          worst = std::max(worst, std::abs(exact - made.pixels[(y * width + x) * 3 + channel]));
        }
      }
    }
    // Half a level of rounding, 1/512 between the passes, and of each weight 1/65536.
    CHECK(worst < 0.52);
  }
}
