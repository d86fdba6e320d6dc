// SPDX-License-Identifier: MIT
#include "bitmap.hpp"
#include "catch.hpp"
#include "images/formats.hpp"

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <vector>

using Catch::Matchers::Contains;
using rankwise::images::picture;
using rankwise::test::bitmap_header;
using rankwise::test::bitmap_settings;

namespace {

picture read(const std::string& file) {
  return rankwise::images::read_bmp(std::as_bytes(std::span(file)), "a.bmp");
}

}  // namespace

TEST_CASE("a BMP's rows are turned, its colours put in order") {
  for (const std::int32_t height : {2, -2}) {
    for (const std::uint32_t bits : {24U, 32U}) {
      std::string file = bitmap_header({.width = 1, .height = height, .bits = bits});
      const std::string first = bits == 24 ? std::string("\x01\x02\x03\0", 4) : "\x01\x02\x03\x7f";
      const std::string second = bits == 24 ? std::string("\x04\x05\x06\0", 4) : "\x04\x05\x06\x7f";
      file += first + second;
      const picture made = read(file);
      CHECK(made.width == 1);
      CHECK(made.height == 2);
      const std::vector<std::uint8_t> top_down{3, 2, 1, 6, 5, 4};
      const std::vector<std::uint8_t> bottom_up{6, 5, 4, 3, 2, 1};
      CHECK(made.pixels == (height < 0 ? top_down : bottom_up));
    }
  }
}

TEST_CASE("BMPs of few bits, with palettes") {
  // Indices 1 0 2 / 0 1 1, the lower row first.
  for (const std::uint32_t info_bytes : {12U, 40U, 52U, 56U, 64U, 108U, 124U}) {
    for (const std::uint32_t bits : {1U, 4U, 8U}) {
      CAPTURE(info_bytes, bits);
      std::string file = bitmap_header({.width = 3,
                                        .height = 2,
                                        .bits = bits,
                                        .info_bytes = info_bytes,
                                        .palette = {0x102030, 0xfffefd, 0x0a0b0c}});
      const std::size_t two = bits == 1 ? 0 : 2;
      const std::vector<std::size_t> indices{0, 1, 1, 1, 0, two};
      for (std::size_t y = 0; y < 2; ++y) {
        std::uint32_t row = 0;
        for (std::size_t x = 0; x < 3; ++x)
          row |= static_cast<std::uint32_t>(indices[y * 3 + x]) << (32 - bits * (x + 1));
        for (const unsigned shift : {24U, 16U, 8U, 0U})
          file += static_cast<char>(row >> shift & 0xffU);
      }
      const std::vector<std::vector<std::uint8_t>> colours{
          {0x10, 0x20, 0x30}, {0xff, 0xfe, 0xfd}, {0x0a, 0x0b, 0x0c}};
      std::vector<std::uint8_t> expected;
      for (const std::size_t index :
           {std::size_t{1}, std::size_t{0}, two, std::size_t{0}, std::size_t{1}, std::size_t{1}})
        expected.insert(expected.end(), colours[index].begin(), colours[index].end());
      CHECK(read(file).pixels == expected);
    }
  }
}

TEST_CASE("BMPs with masks") {
  const auto read_one = [](const bitmap_settings& how, std::uint32_t pixel) {
    std::string file = bitmap_header(how);
    for (std::uint32_t shift = 0; shift < 32; shift += 8)
      file += static_cast<char>(pixel >> shift & 0xffU);
    return read(file).pixels;
  };
  using colour = std::vector<std::uint8_t>;
  for (const std::uint32_t info_bytes : {40U, 52U, 56U, 108U, 124U}) {
    CAPTURE(info_bytes);
    bitmap_settings how{.bits = 16, .info_bytes = info_bytes};
    CHECK(read_one(how, 0x7fff) == colour{255, 255, 255});  // 5 bits each
    CHECK(read_one(how, 0x4210) == colour{132, 132, 132});
    how.compression = 3;
    how.masks = {0xf800, 0x07e0, 0x001f};
    CHECK(read_one(how, 0xf800) == colour{255, 0, 0});
    CHECK(read_one(how, 0x07e1) == colour{0, 255, 8});
    how.bits = 32;
    how.masks = {0xff, 0xff00, 0xff0000};
    CHECK(read_one(how, 0xee332211) == colour{0x11, 0x22, 0x33});
    how.masks = {0x3ff00000, 0x000ffc00, 0x000003ff};
    CHECK(read_one(how, 0x3ff00201) == colour{255, 0, 128});
  }
}

TEST_CASE("BMPs in run lengths") {
  const auto indices = [](std::uint32_t bits, const std::string& runs) {
    std::string file = bitmap_header({.width = 5,
                                      .height = 3,
                                      .bits = bits,
                                      .compression = bits == 8 ? 1U : 2U,
                                      .palette = {0x000000, 0x010101, 0x020202, 0x030303}});
    const picture made = read(file + runs);
    std::string text;
    for (std::size_t i = 0; i < made.pixels.size(); i += 3) {
      if (i != 0 && i % 15 == 0) text += '/';
      text += static_cast<char>('0' + made.pixels[i]);
    }
    return text;
  };
  const auto run = [](std::initializer_list<int> bytes_of_run) {
    std::string text;
    for (const int byte : bytes_of_run) text += static_cast<char>(byte);
    return text;
  };
  // Rows come from the bottom: a run and pixels as they stand, an empty row, too long a run.
  CHECK(indices(8, run({2, 1, 0, 3, 1, 2, 3, 0, 0, 0, 0, 0, 9, 2, 0, 1})) == "22222/00000/11123");
  // A step of one to the right and two up.
  CHECK(indices(8, run({1, 3, 0, 2, 1, 2, 1, 2, 0, 1})) == "00200/00000/30000");
  CHECK(indices(8, run({1, 3, 0, 2, 1, 1, 1, 2, 0, 0, 2, 1, 0, 1})) == "11000/00200/30000");
  // The image ends early; the last row has no end.
  CHECK(indices(8, run({1, 3, 0, 1})) == "00000/00000/30000");
  CHECK(indices(4, run({5, 0x12, 0, 0, 0, 5, 0x12, 0x30, 0x10, 0, 0, 0, 1, 0x30, 0, 1})) ==
        "30000/12301/12121");
  CHECK_THROWS_WITH(indices(8, run({1, 3, 0, 0})),
                    Contains("found the end of the file, accepted: 3 rows of pixels"));
}
