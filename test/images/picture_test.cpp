// SPDX-License-Identifier: MIT
#include "images/picture.hpp"

#include <rankwise/error.hpp>

#include "bitmap.hpp"
#include "catch.hpp"
#include "images/formats.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <png.h>
#include <random>
#include <span>
#include <string>
#include <turbojpeg.h>
#include <vector>

using Catch::Matchers::Contains;
using Catch::Matchers::Equals;
using rankwise::images::picture;
using rankwise::images::read_picture;

namespace {

using bytes = std::vector<std::byte>;

std::string refusal_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const rankwise::config_error& error) {
    return error.what();
  }
  return "none";
}

bytes as_bytes(const std::string& text) {
  const auto all = std::as_bytes(std::span(text));
  return {all.begin(), all.end()};
}

/// Colours that change slowly, so that a JPEG keeps them nearly.
picture gradient(std::uint32_t width, std::uint32_t height) {
  picture made{width, height, {}};
  for (std::uint32_t y = 0; y < height; ++y) {
    for (std::uint32_t x = 0; x < width; ++x) {
      made.pixels.push_back(static_cast<std::uint8_t>(255 * x / width));
      made.pixels.push_back(static_cast<std::uint8_t>(255 * y / height));
      made.pixels.push_back(60);
    }
  }
  return made;
}

bytes as_png(const std::vector<std::uint8_t>& pixels,
             std::uint32_t width,
             std::uint32_t height,
             png_uint_32 format,
             const void* colours = nullptr,
             std::uint32_t n_colours = 0) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = width;
  image.height = height;
  image.format = format;
  image.colormap_entries = n_colours;
  png_alloc_size_t n = 0;
  REQUIRE(png_image_write_to_memory(&image, nullptr, &n, 0, pixels.data(), 0, colours) != 0);
  bytes file(n);
  REQUIRE(png_image_write_to_memory(&image, file.data(), &n, 0, pixels.data(), 0, colours) != 0);
  file.resize(n);
  return file;
}

bytes as_jpeg(const picture& what, int subsampling, int flags = 0) {
  tjhandle encoder = tjInitCompress();
  unsigned char* data = nullptr;
  unsigned long n = 0;
  REQUIRE(tjCompress2(encoder,
                      what.pixels.data(),
                      static_cast<int>(what.width),
                      0,
                      static_cast<int>(what.height),
                      TJPF_RGB,
                      &data,
                      &n,
                      subsampling,
                      95,
                      flags) == 0);
  const auto all = std::as_bytes(std::span(data, n));
  bytes file(all.begin(), all.end());
  tjFree(data);
  tjDestroy(encoder);
  return file;
}

/// `jpeg` with an EXIF segment that says `orientation`.
bytes with_orientation(const bytes& jpeg, int orientation, bool is_little) {
  std::string tiff = is_little ? std::string("II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0", 18)
                               : std::string("MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01", 18);
  const auto value = static_cast<char>(orientation);
  tiff += is_little ? std::string{value, 0, 0, 0} : std::string{0, value, 0, 0};
  const std::string content = std::string("Exif\0\0", 6) + tiff + std::string(4, '\0');
  std::string segment = "\xff\xe1";
  segment += static_cast<char>((content.size() + 2) >> 8U);
  segment += static_cast<char>(content.size() + 2);
  const bytes added = as_bytes(segment + content);
  bytes all = jpeg;
  all.insert(all.begin() + 2, added.begin(), added.end());
  return all;
}

int largest_difference(const picture& left, const picture& right) {
  REQUIRE(left.width == right.width);
  REQUIRE(left.height == right.height);
  int most = 0;
  for (std::size_t i = 0; i < left.pixels.size(); ++i)
    most = std::max(most, std::abs(int{left.pixels[i]} - int{right.pixels[i]}));
  return most;
}

/// Small files of each kind.
std::vector<bytes> some_files() {
  const picture small = gradient(11, 7);
  std::string bmp = rankwise::test::bitmap_header({.width = 5, .height = 3});
  bmp += std::string(3 * 16, '\x55');
  return {as_bytes(bmp),
          as_png(small.pixels, 11, 7, PNG_FORMAT_RGB),
          with_orientation(as_jpeg(small, TJSAMP_420), 6, true)};
}

}  // namespace

TEST_CASE("a BMP's rows are turned, its colours put in order") {
  for (const std::int32_t height : {2, -2}) {
    for (const std::uint32_t bits : {24U, 32U}) {
      std::string file =
          rankwise::test::bitmap_header({.width = 1, .height = height, .bits = bits});
      const std::string first = bits == 24 ? std::string("\x01\x02\x03\0", 4) : "\x01\x02\x03\x7f";
      const std::string second = bits == 24 ? std::string("\x04\x05\x06\0", 4) : "\x04\x05\x06\x7f";
      file += first + second;
      const picture made = read_picture(as_bytes(file), "a.bmp");
      CHECK(made.width == 1);
      CHECK(made.height == 2);
      const std::vector<std::uint8_t> top_down{3, 2, 1, 6, 5, 4};
      const std::vector<std::uint8_t> bottom_up{6, 5, 4, 3, 2, 1};
      CHECK(made.pixels == (height < 0 ? top_down : bottom_up));
    }
  }
}

TEST_CASE("a PNG's pixels are exact, whatever its format") {
  const picture colours = gradient(9, 4);
  CHECK(read_picture(as_png(colours.pixels, 9, 4, PNG_FORMAT_RGB), "a.png").pixels ==
        colours.pixels);

  const picture grey = read_picture(as_png({0, 100, 255, 7}, 2, 2, PNG_FORMAT_GRAY), "a.png");
  CHECK(grey.pixels == std::vector<std::uint8_t>{0, 0, 0, 100, 100, 100, 255, 255, 255, 7, 7, 7});

  const std::vector<std::uint8_t> palette{1, 2, 3, 200, 100, 50};
  const picture mapped =
      read_picture(as_png({1, 0, 1}, 3, 1, PNG_FORMAT_RGB_COLORMAP, palette.data(), 2), "a.png");
  CHECK(mapped.pixels == std::vector<std::uint8_t>{200, 100, 50, 1, 2, 3, 200, 100, 50});

  // What is transparent lies on white.
  const picture clear =
      read_picture(as_png({9, 9, 9, 0, 8, 7, 6, 255}, 2, 1, PNG_FORMAT_RGBA), "a");
  CHECK(clear.pixels == std::vector<std::uint8_t>{255, 255, 255, 8, 7, 6});
}

TEST_CASE("a JPEG is near to what was put in") {
  const picture colours = gradient(48, 40);
  for (const int subsampling : {TJSAMP_444, TJSAMP_422, TJSAMP_420}) {
    CHECK(largest_difference(read_picture(as_jpeg(colours, subsampling), "a"), colours) < 12);
    const bytes progressive = as_jpeg(colours, subsampling, TJFLAG_PROGRESSIVE);
    CHECK(largest_difference(read_picture(progressive, "a"), colours) < 12);
  }
  const picture grey = read_picture(as_jpeg(colours, TJSAMP_GRAY), "a");
  for (std::size_t i = 0; i < grey.pixels.size(); i += 3)
    REQUIRE(grey.pixels[i] == grey.pixels[i + 2]);
}

TEST_CASE("a JPEG is turned as its EXIF orientation says") {
  // The file holds a, b / c, d / e, f; each letter is what is seen there.
  const picture stored{2, 3, {1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4, 5, 5, 5, 6, 6, 6}};
  const auto seen = [&stored](int orientation) {
    const picture made = rankwise::images::turned(stored, orientation);
    std::vector<int> rows{static_cast<int>(made.width)};
    for (std::size_t i = 0; i < made.pixels.size(); i += 3) rows.push_back(made.pixels[i]);
    return rows;
  };
  CHECK(seen(1) == std::vector{2, 1, 2, 3, 4, 5, 6});
  CHECK(seen(2) == std::vector{2, 2, 1, 4, 3, 6, 5});  // mirrored
  CHECK(seen(3) == std::vector{2, 6, 5, 4, 3, 2, 1});  // upside down
  CHECK(seen(4) == std::vector{2, 5, 6, 3, 4, 1, 2});
  CHECK(seen(5) == std::vector{3, 1, 3, 5, 2, 4, 6});  // transposed
  CHECK(seen(6) == std::vector{3, 5, 3, 1, 6, 4, 2});  // a quarter to the right
  CHECK(seen(7) == std::vector{3, 6, 4, 2, 5, 3, 1});
  CHECK(seen(8) == std::vector{3, 2, 4, 6, 1, 3, 5});  // a quarter to the left

  const bytes plain = as_jpeg(gradient(32, 16), TJSAMP_444);
  CHECK(rankwise::images::exif_orientation(plain) == 1);
  for (const bool is_little : {true, false}) {
    for (int orientation = 1; orientation <= 8; ++orientation) {
      const bytes file = with_orientation(plain, orientation, is_little);
      CHECK(rankwise::images::exif_orientation(file) == orientation);
      CHECK(read_picture(file, "a").width == (orientation < 5 ? 32 : 16));
    }
    CHECK(rankwise::images::exif_orientation(with_orientation(plain, 9, is_little)) == 1);
  }
}

TEST_CASE("what is no picture is refused by name") {
  CHECK_THAT(refusal_of([] { read_picture({}, "a.jpg"); }),
             Equals("a.jpg: found an empty file, accepted: JPEG, PNG, BMP"));
  CHECK_THAT(refusal_of([] { read_picture(as_bytes("GIF89a"), "a.gif"); }),
             Equals("a.gif: found a file that begins with 47 49 46 38, accepted: JPEG, PNG, BMP"));
  CHECK_THAT(refusal_of([] { rankwise::images::read_picture_file("/no/such.png"); }),
             Contains("/no/such.png: "));
  const std::string wide =
      rankwise::test::bitmap_header({.width = 1U << 28U, .height = 1}) + std::string(64, '\0');
  CHECK_THAT(refusal_of([&] { read_picture(as_bytes(wide), "a.bmp"); }), Contains("a.bmp: "));
}

TEST_CASE("a file that is cut short is refused, wherever the cut is") {
  for (const bytes& file : some_files()) {
    REQUIRE(read_picture(file, "whole").width > 0);
    for (std::size_t n = 0; n < file.size(); ++n) {
      const bytes part(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(n));
      const std::string said = refusal_of([&] { read_picture(part, "part"); });
      // The padding of a BMP's last row, and what ends a JPEG or PNG, may be missing.
      if (n + 16 < file.size()) CHECK_THAT(said, Contains("part: "));
    }
  }
}

TEST_CASE("damaged files are refused, or give some picture") {
  std::mt19937 random(4);
  int n_refused = 0;
  for (const bytes& file : some_files()) {
    for (int i = 0; i < 1500; ++i) {
      bytes damaged = file;
      const std::uint32_t n_changes = random() % 4 + 1;
      for (std::uint32_t change = 0; change < n_changes; ++change)
        damaged[random() % damaged.size()] = static_cast<std::byte>(random() >> 24U);
      try {
        const picture made = read_picture(damaged, "damaged");
        REQUIRE(made.pixels.size() == std::size_t{made.width} * made.height * 3);
      } catch (const rankwise::config_error&) {
        ++n_refused;
      }
    }
  }
  CHECK(n_refused > 1000);
}
