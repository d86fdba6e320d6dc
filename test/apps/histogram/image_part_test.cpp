// SPDX-License-Identifier: MIT
#include "histogram/image_part.hpp"

#include <rankwise/error.hpp>
#include <rankwise/readers/detail/memory_source.hpp>
#include <rankwise/readers/input.hpp>
#include <rankwise/readers/split.hpp>

#include "bitmap.hpp"
#include "catch.hpp"
#include "histogram/pixel_counts.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <vector>

using Catch::Matchers::Contains;
using Catch::Matchers::Equals;
using histogram::pixel_counts;
using rankwise::images::bmp_layout;
using rankwise::test::bitmap;
using rankwise::test::random_bitmap;

namespace {

rankwise::input part_of(const std::string& bytes, std::uint64_t first, std::uint64_t last) {
  return {std::make_unique<rankwise::memory_source>("a.bmp", bytes), first, last};
}

/// Counts an image in parts of 1 to `most` bytes.
std::array<std::uint64_t, 768> counted_in_parts(const std::string& bytes,
                                                std::size_t most,
                                                std::mt19937& random) {
  pixel_counts counts;
  for (std::size_t first = 0; first < bytes.size();) {
    const std::size_t last = std::min(bytes.size(), first + 1 + random() % most);
    rankwise::input part = part_of(bytes, first, last);
    histogram::count_image_part(part, counts);
    first = last;
  }
  return counts.bins();
}

std::string refusal_of(const std::string& bytes, std::uint64_t last) {
  pixel_counts counts;
  try {
    rankwise::input image = part_of(bytes, 0, last);
    histogram::count_image_part(image, counts);
  } catch (const rankwise::config_error& error) {
    return error.what();
  }
  return "none";
}

}  // namespace

TEST_CASE("counts are those of the pixels, however the file is cut") {
  std::mt19937 random(1);
  unsigned seed = 0;
  for (const std::uint32_t bits : {24U, 32U}) {
    for (const std::uint32_t width : {1U, 2U, 3U, 4U, 5U, 30U, 101U}) {
      for (const std::int32_t height : {1, -3, 20}) {
        for (const std::uint32_t info_bytes : {40U, 124U}) {
          const bitmap image = random_bitmap({.width = width,
                                              .height = height,
                                              .bits = bits,
                                              .info_bytes = info_bytes,
                                              .compression = bits == 32 && width % 2 == 0 ? 3U : 0U,
                                              .gap = width % 3},
                                             ++seed);
          CAPTURE(bits, width, height, info_bytes);
          for (const std::size_t most : {1U, 5U, 300U, 100'000U}) {
            CAPTURE(most);
            CHECK(counted_in_parts(image.bytes, most, random) == image.counts);
          }
        }
      }
    }
  }
}

TEST_CASE("an image of several blocks") {
  std::mt19937 random(2);
  const bitmap image = random_bitmap({.width = 999, .height = 300}, 3);
  REQUIRE(image.bytes.size() > 3 * (std::size_t{256} << 10U));
  CHECK(counted_in_parts(image.bytes, image.bytes.size(), random) == image.counts);
  rankwise::input whole = part_of(image.bytes, 0, rankwise::split::to_the_end);
  pixel_counts counts;
  histogram::count_image_part(whole, counts);
  CHECK(counts.bins() == image.counts);
}

TEST_CASE("ranges of a file of many gigabytes") {
  bmp_layout image;
  image.pixels = 54;
  image.rows = std::uint64_t{1} << 31U;
  image.bits = 24;
  image.row_bytes = 3 * std::uint64_t{0x7FFF'FFFF};
  image.row_stride = image.row_bytes + 3;
  // One row ends in the middle: three bytes of its last pixel, three of padding, the next row.
  const std::uint64_t row = image.pixels + std::uint64_t{1'999'999'999} * image.row_stride;
  const std::vector<unsigned char> bytes{10, 20, 30, 99, 99, 99, 11, 21, 31, 12};
  pixel_counts counts;
  histogram::count_range(image, row + image.row_bytes - 3, bytes, counts);
  std::array<std::uint64_t, 768> expected{};
  for (const std::size_t bin :
       {512U + 10U, 256U + 20U, 30U, 512U + 11U, 256U + 21U, 31U, 512U + 12U}) {
    ++expected.at(bin);
  }
  CHECK(counts.bins() == expected);
  histogram::count_range(image, image.end(), bytes, counts);
  CHECK(counts.bins() == expected);
}

TEST_CASE("nothing is lost where the 32-bit counters are emptied") {
  bmp_layout image;
  image.rows = 1;
  image.bits = 32;
  image.row_bytes = 4096;
  image.row_stride = 4096;
  const std::vector<unsigned char> bytes(4096, 7);
  pixel_counts counts;
  for (int call = 0; call < 20; ++call) {
    counts.make_room(std::uint64_t{1} << 31U);  // as if that many had been counted
    histogram::count_range(image, 0, bytes, counts);
  }
  for (const std::size_t bin : {7U, 256U + 7U, 512U + 7U}) CHECK(counts.bins().at(bin) == 20'480);
}

TEST_CASE("an image whose bytes are no colours is counted once, whatever its parts") {
  const std::string header = rankwise::test::bitmap_header(
      {.width = 9, .height = 4, .bits = 8, .palette = {0x0a0b0c, 0x0d0e0f, 0x101112}});
  std::string bytes = header;
  std::array<std::uint64_t, 768> expected{};
  for (std::size_t i = 0; i < std::size_t{4} * 12; ++i) {
    const std::size_t index = i % 3;
    bytes += static_cast<char>(index);
    if (i % 12 >= 9) continue;  // padding
    for (std::size_t colour = 0; colour < 3; ++colour)
      ++expected.at(colour * 256 + 0x0a + 3 * index + colour);
  }
  std::mt19937 random(7);
  for (const std::size_t n_parts : {1U, 2U, 7U})
    CHECK(counted_in_parts(bytes, bytes.size() / n_parts, random) == expected);
  CHECK_THAT(refusal_of(bytes.substr(0, bytes.size() - 4), rankwise::split::to_the_end),
             Equals("a.bmp: byte " + std::to_string(bytes.size() - 4) +
                    ": found the end of the file, accepted: 4 rows of pixels"));
}

TEST_CASE("a width that a file only claims is refused before memory is taken for it") {
  const std::string bytes =
      rankwise::test::bitmap_header({.width = 0x7FFF'FFFF, .bits = 8, .palette = {0x102030}});
  CHECK_THAT(refusal_of(bytes + "few", rankwise::split::to_the_end),
             Contains("found the end of the file"));
}

TEST_CASE("an image that is cut short is refused") {
  const bitmap image = random_bitmap({.width = 3, .height = 2}, 4);  // pixels up to byte 75
  const auto refusal = [&](std::size_t n) {
    return refusal_of(image.bytes.substr(0, n), rankwise::split::to_the_end);
  };
  CHECK(refusal(75) == "none");
  CHECK_THAT(refusal(74),
             Equals("a.bmp: byte 74: found the end of the file, accepted: pixels up to byte 75"));
  CHECK_THAT(refusal(60),
             Equals("a.bmp: byte 60: found the end of the file, accepted: pixels up to byte 75"));
  CHECK_THAT(refusal(20),
             Equals("a.bmp: byte 20: found the end of the file, accepted: a whole BMP header"));
}
