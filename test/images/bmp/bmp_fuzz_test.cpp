// SPDX-License-Identifier: MIT
#include "catch.hpp"
#include "coded_bitmap.hpp"
#include "images/formats.hpp"
#include "read_changed.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace images = rankwise::images;
using rankwise::test::read_changed;

namespace {

constexpr std::uint32_t width = 21;
constexpr std::uint32_t height = 18;

std::vector<std::string> bitmaps() {
  std::vector<std::string> files;
  unsigned seed = 0;
  for (const rankwise::test::pixel_code& code : rankwise::test::pixel_codes)
    files.push_back(rankwise::test::random_coded_bitmap(code, width, height, ++seed).bytes);
  files.push_back(rankwise::test::random_bitmap({.width = 5, .height = -3}, 1).bytes);
  files.push_back(rankwise::test::random_bitmap({.width = 5, .height = 3, .bits = 32}, 2).bytes);
  return files;
}

}  // namespace

TEST_CASE("BMP files of all codings are exact") {
  unsigned seed = 0;
  for (const rankwise::test::pixel_code& code : rankwise::test::pixel_codes) {
    for (const std::uint32_t columns : {1U, 2U, 7U, 8U, 33U, 300U}) {
      for (const std::int32_t rows : {1, 5, -4}) {
        CAPTURE(code.bits, code.info_bytes, code.compression, columns, rows);
        const rankwise::test::coded_bitmap file =
            rankwise::test::random_coded_bitmap(code, columns, rows, ++seed);
        const images::picture made =
            images::read_bmp(std::as_bytes(std::span(file.bytes)), "a.bmp");
        CHECK(made.width == columns);
        CHECK(made.pixels == file.pixels);
      }
    }
  }
}

TEST_CASE("damaged BMP files") {
  read_changed(bitmaps(), images::read_bmp, [](std::string file) { return file; });
}
