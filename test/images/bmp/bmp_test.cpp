// SPDX-License-Identifier: MIT
#include "images/bmp.hpp"

#include <rankwise/error.hpp>

#include "bitmap.hpp"
#include "catch.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>

using Catch::Matchers::Contains;
using Catch::Matchers::Equals;
using rankwise::images::bmp_layout;
using rankwise::test::bitmap_header;
using rankwise::test::bitmap_settings;
using rankwise::test::put;

namespace {

bmp_layout layout_of(const std::string& bytes) {
  return rankwise::images::read_bmp_layout(
      {reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()}, "a.bmp");
}

std::string refusal_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const rankwise::config_error& error) {
    return error.what();
  }
  return "none";
}

/// What is said of a header with `n_bytes` bytes at `offset` set to `number`.
std::string refusal_with(std::size_t offset,
                         std::uint64_t number,
                         std::size_t n_bytes,
                         const bitmap_settings& how = {.width = 3, .height = 2}) {
  std::string bytes = bitmap_header(how);
  put(bytes, offset, number, n_bytes);
  return refusal_of([&bytes] { layout_of(bytes); });
}

}  // namespace

TEST_CASE("rows are padded to four bytes") {
  for (const std::uint64_t width : {1U, 2U, 3U, 4U, 5U}) {
    CAPTURE(width);
    const bmp_layout image =
        layout_of(bitmap_header({.width = static_cast<std::uint32_t>(width), .height = 7}));
    CHECK(image.pixels == 54);
    CHECK(image.rows == 7);
    CHECK(image.bits == 24);
    CHECK(image.code == bmp_layout::coding::bytes);
    CHECK(image.row_bytes == 3 * width);
    CHECK(image.row_stride == (3 * width + 3) / 4 * 4);
    CHECK(image.n_pixels() == 7 * width);
    CHECK(image.end() == 54 + 6 * image.row_stride + 3 * width);
  }
}

TEST_CASE("headers of all sizes, both directions, and pixels anywhere behind") {
  for (const std::uint32_t info_bytes : {40U, 108U, 124U}) {
    for (const std::uint32_t compression : {0U, 3U}) {
      CAPTURE(info_bytes, compression);
      const bmp_layout image = layout_of(bitmap_header({.width = 5,
                                                        .height = -9,
                                                        .bits = 32,
                                                        .info_bytes = info_bytes,
                                                        .compression = compression,
                                                        .gap = 1000}));
      const bool has_masks_behind = info_bytes == 40 && compression == 3;
      CHECK(image.pixels == 14 + info_bytes + (has_masks_behind ? 12 : 0) + 1000);
      CHECK(image.rows == 9);
      CHECK(image.bits == 32);
      CHECK(image.code == bmp_layout::coding::bytes);
      CHECK(image.row_bytes == 20);
      CHECK(image.row_stride == 20);
    }
  }
}

TEST_CASE("the largest image fits 64 bits") {
  bitmap_settings how{.width = 0x7FFF'FFFF, .height = INT32_MIN, .bits = 32};
  const bmp_layout wide = layout_of(bitmap_header(how));
  CHECK(wide.rows == std::uint64_t{1} << 31U);
  CHECK(wide.end() == 54 + (std::uint64_t{1} << 31U) * (std::uint64_t{0x7FFF'FFFF} * 4));
  how.bits = 24;
  CHECK(layout_of(bitmap_header(how)).row_stride == std::uint64_t{0x7FFF'FFFF} * 3 + 3);
}

TEST_CASE("what is no image that can be counted is refused with its place") {
  CHECK_THAT(refusal_with(0, 0x4B50, 2),
             Equals("a.bmp: byte 0: found 50 4b, accepted: BM, a BMP image"));
  CHECK_THAT(
      refusal_with(14, 16, 4),
      Equals("a.bmp: byte 14: found a header of 16 bytes, accepted: 12, 40, 52, 56, 64, 108, "
             "124"));
  CHECK_THAT(
      refusal_with(18, 0, 4),
      Equals("a.bmp: byte 18: found a width of 0, accepted: a whole number from 1 to 2147483647"));
  CHECK_THAT(
      refusal_with(18, 0xFFFF'FFFF, 4),
      Equals("a.bmp: byte 18: found a width of -1, accepted: a whole number from 1 to 2147483647"));
  CHECK_THAT(refusal_with(22, 0, 4),
             Equals("a.bmp: byte 22: found a height of 0, accepted: any other"));
  CHECK_THAT(refusal_with(28, 2, 2),
             Equals("a.bmp: byte 28: found 2 bits a pixel, accepted: 1, 4, 8, 16, 24, 32"));
  const std::string accepted =
      "accepted: 0; 1 of 8 bits, 2 of 4 bits (run lengths), 3 and 6 of 16 and 32 bits (masks)";
  for (const std::uint64_t compression : {1U, 3U, 4U, 5U}) {
    CHECK_THAT(refusal_with(30, compression, 4),
               Equals("a.bmp: byte 30: found compression " + std::to_string(compression) +
                      " of 24 bits a pixel, " + accepted));
  }
  for (const std::uint64_t mask : {0x0U, 0x50U}) {
    CHECK_THAT(refusal_with(54, mask, 4, {.bits = 32, .compression = 3}),
               Contains("a.bmp: byte 54: found a colour mask of 000000") &&
                   Contains("accepted: bits side by side, of a pixel's 32"));
  }
  CHECK_THAT(refusal_with(58, 0x10000, 4, {.bits = 16, .compression = 3, .masks = {1, 2, 4}}),
             Contains("a.bmp: byte 58: found a colour mask of 00010000"));
  CHECK_THAT(refusal_with(22, 0xFFFF'FFFF, 4, {.bits = 8, .compression = 1}),
             Contains("a.bmp: byte 22: found run-length coded rows from the top"));
  CHECK_THAT(refusal_with(18, 0x7FFF'FFFF, 4, {.bits = 8, .compression = 1}),
             Contains("a.bmp: byte 18: found 2147483647 x 1 run-length coded pixels"));
  CHECK_THAT(
      refusal_with(10, 53, 4),
      Equals(
          "a.bmp: byte 10: found pixels from byte 53 on, accepted: 54 or more, behind the header"));
  CHECK_THAT(
      refusal_with(10, 65, 4, {.bits = 32, .compression = 3}),
      Equals(
          "a.bmp: byte 10: found pixels from byte 65 on, accepted: 66 or more, behind the header"));
}

TEST_CASE("a header that is cut short") {
  const std::string bytes = bitmap_header({.width = 3, .height = 2});
  for (const std::size_t n : {0U, 1U, 13U, 29U, 33U}) {
    CHECK_THAT(refusal_of([&] { layout_of(bytes.substr(0, n)); }),
               Equals("a.bmp: byte " + std::to_string(n) +
                      ": found the end of the file, accepted: a whole BMP header"));
  }
}

TEST_CASE("pixels that are cut short") {
  const bmp_layout image = layout_of(bitmap_header({.width = 3, .height = 2}));
  CHECK(image.end() == 75);  // 54, a row of 9 + 3 bytes, a row of 9
  CHECK(refusal_of([&] { rankwise::images::require_all_pixels(image, 75, "a.bmp"); }) == "none");
  CHECK_THAT(refusal_of([&] { rankwise::images::require_all_pixels(image, 74, "a.bmp"); }),
             Equals("a.bmp: byte 74: found the end of the file, accepted: pixels up to byte 75"));
}
