// SPDX-License-Identifier: MIT
#include "images/picture.hpp"

#include <rankwise/error.hpp>

#include "bitmap.hpp"
#include "catch.hpp"
#include "images/formats.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <initializer_list>
#include <jpeglib.h>
#include <png.h>
#include <random>
#include <span>
#include <string>
#include <utility>
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

/// How a PNG is to be written: its colours as PNG_COLOR_TYPE_... says, and a gamma chunk.
struct png_settings {
  int bits = 8;
  int colour_type = PNG_COLOR_TYPE_RGB;
  double gamma = 0;  ///< 0: no such chunk
  bool is_interlaced = false;
};

/// A PNG of those bytes: `row_bytes` a row.
bytes as_plain_png(std::vector<std::uint8_t> rows,
                   std::uint32_t width,
                   std::size_t row_bytes,
                   const png_settings& how) {
  bytes file;
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(png);
  const auto add = [](png_structp to, png_bytep from, std::size_t n) {
    auto& all = *static_cast<bytes*>(png_get_io_ptr(to));
    const auto more = std::as_bytes(std::span(from, n));
    all.insert(all.end(), more.begin(), more.end());
  };
  png_set_write_fn(png, &file, add, nullptr);
  const std::size_t height = rows.size() / row_bytes;
  png_set_IHDR(png,
               info,
               width,
               static_cast<png_uint_32>(height),
               how.bits,
               how.colour_type,
               how.is_interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT,
               PNG_FILTER_TYPE_DEFAULT);
  if (how.gamma != 0) png_set_gAMA(png, info, how.gamma);
  std::vector<png_bytep> starts;
  for (std::size_t y = 0; y < height; ++y) starts.push_back(&rows[y * row_bytes]);
  png_set_rows(png, info, starts.data());
  png_write_png(png, info, PNG_TRANSFORM_IDENTITY, nullptr);
  png_destroy_write_struct(&png, &info);
  return file;
}

/// How a JPEG is to be written.
struct jpeg_settings {
  int across = 1;  ///< pixels that share a colour, in a row
  int down = 1;    ///< and in a column
  bool is_progressive = false;
  bool is_grey = false;
  int restart_interval = 0;  ///< blocks between two marks; 0: none
};

/// The pixels of `file` as a JPEG of `n_channels` channels: 3, or 4 for CMYK as it stands.
bytes encoded_jpeg(const std::vector<std::uint8_t>& pixels,
                   std::uint32_t width,
                   std::uint32_t height,
                   int n_channels,
                   const jpeg_settings& how) {
  jpeg_compress_struct state{};
  jpeg_error_mgr errors{};
  state.err = jpeg_std_error(&errors);
  jpeg_create_compress(&state);
  unsigned char* data = nullptr;
  unsigned long n = 0;
  jpeg_mem_dest(&state, &data, &n);
  state.image_width = width;
  state.image_height = height;
  state.input_components = n_channels;
  state.in_color_space = n_channels == 4 ? JCS_CMYK : JCS_RGB;
  jpeg_set_defaults(&state);
  if (how.is_grey) jpeg_set_colorspace(&state, JCS_GRAYSCALE);
  if (n_channels == 4) state.write_Adobe_marker = TRUE;
  jpeg_set_quality(&state, 95, TRUE);
  state.comp_info[0].h_samp_factor = how.across;
  state.comp_info[0].v_samp_factor = how.down;
  state.restart_interval = static_cast<unsigned>(how.restart_interval);
  if (how.is_progressive) jpeg_simple_progression(&state);
  jpeg_start_compress(&state, TRUE);
  const std::size_t stride = std::size_t{width} * static_cast<std::size_t>(n_channels);
  while (state.next_scanline < height) {
    auto* row = const_cast<std::uint8_t*>(&pixels[state.next_scanline * stride]);
    jpeg_write_scanlines(&state, &row, 1);
  }
  jpeg_finish_compress(&state);
  jpeg_destroy_compress(&state);
  const auto all = std::as_bytes(std::span(data, n));
  bytes file(all.begin(), all.end());
  std::free(data);  // NOLINT: libjpeg's malloc
  return file;
}

bytes as_jpeg(const picture& what, const jpeg_settings& how = {}) {
  return encoded_jpeg(what.pixels, what.width, what.height, 3, how);
}

/// `file` with `added` in front of the first occurrence of `mark`.
bytes with_before(bytes file, const std::string& mark, const std::string& added) {
  const bytes wanted = as_bytes(mark);
  const bytes more = as_bytes(added);
  const auto place = std::search(file.begin(), file.end(), wanted.begin(), wanted.end());
  REQUIRE(place != file.end());
  file.insert(place, more.begin(), more.end());
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
          with_orientation(as_jpeg(small, {.across = 2, .down = 2}), 6, true)};
}

}  // namespace

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
  for (const bool is_progressive : {false, true}) {
    for (jpeg_settings how : {jpeg_settings{1, 1}, {2, 1}, {2, 2}}) {
      how.is_progressive = is_progressive;
      const picture made = read_picture(as_jpeg(colours, how), "a");
      CHECK(largest_difference(made, colours) < 12);
      CHECK(made.warning.empty());
    }
  }
  const picture grey = read_picture(as_jpeg(colours, {.is_grey = true}), "a");
  for (std::size_t i = 0; i < grey.pixels.size(); i += 3)
    REQUIRE(grey.pixels[i] == grey.pixels[i + 2]);
}

TEST_CASE("a JPEG with a fault that leaves its pixels in place is read, with a line") {
  const picture colours = gradient(48, 40);
  const bytes plain = as_jpeg(colours, {.restart_interval = 4});
  const picture right = read_picture(plain, "a");
  const std::string scan("\xff\xda", 2);
  const std::string table("\xff\xdb", 2);
  const auto fault = GENERATE_COPY(
      std::pair{with_before(plain, scan, "rubbish"), "extraneous bytes"},
      std::pair{with_before(plain, table, "xy"), "extraneous bytes"},
      std::pair{with_before(plain, "\xff\xd0", std::string(12, 'z')), "before marker"});
  const picture made = read_picture(fault.first, "a.jpg");
  CHECK(made.pixels == right.pixels);
  CHECK_THAT(made.warning, Contains("a.jpg: read in spite of this: ") && Contains(fault.second));

  // As some telephones write the end of the spectrum: 0 in place of 63.
  bytes telephone = plain;
  const bytes mark = as_bytes(scan);
  const auto place = std::search(telephone.begin(), telephone.end(), mark.begin(), mark.end());
  place[12] = std::byte{0};
  const picture seen = read_picture(telephone, "a.jpg");
  CHECK(seen.pixels == right.pixels);
  CHECK_THAT(seen.warning, Contains("Invalid SOS parameters"));
}

TEST_CASE("a JPEG in CMYK becomes red, green and blue") {
  // Of one colour each, which a JPEG keeps exactly but for its rounding; numbers are inverted.
  const auto inverted = GENERATE(std::vector<int>{255, 255, 255, 255},
                                 std::vector<int>{0, 255, 255, 255},
                                 std::vector<int>{200, 100, 50, 255},
                                 std::vector<int>{200, 100, 50, 128},
                                 std::vector<int>{255, 255, 255, 0});
  std::vector<std::uint8_t> pixels;
  for (int i = 0; i < 16 * 8; ++i) {
    for (const int value : inverted) pixels.push_back(static_cast<std::uint8_t>(value));
  }
  const picture made = read_picture(encoded_jpeg(pixels, 16, 8, 4, {}), "a");
  REQUIRE(made.pixels.size() == std::size_t{16} * 8 * 3);
  for (std::size_t i = 0; i < made.pixels.size(); ++i)
    REQUIRE(std::abs(int{made.pixels[i]} - inverted[i % 3] * inverted[3] / 255) <= 3);
}

TEST_CASE("a PNG's numbers are those of the file, whatever it says of gamma") {
  const picture colours = gradient(16, 8);
  const auto read = [](const bytes& file) { return read_picture(file, "a.png").pixels; };
  for (const double gamma : {0.0, 1.0, 1 / 1.8, 1 / 2.2}) {
    for (const bool is_interlaced : {false, true}) {
      CHECK(read(as_plain_png(
                colours.pixels, 16, 48, {.gamma = gamma, .is_interlaced = is_interlaced})) ==
            colours.pixels);
    }
    std::vector<std::uint8_t> wide;  // the upper byte comes first
    for (std::size_t i = 0; i < colours.pixels.size(); ++i) {
      wide.push_back(colours.pixels[i]);
      wide.push_back(static_cast<std::uint8_t>(37 * i));
    }
    CHECK(read(as_plain_png(wide, 16, 96, {.bits = 16, .gamma = gamma})) == colours.pixels);
  }
  const std::vector<std::uint8_t> grey{0x12, 0xff, 0xfe, 0x00};
  CHECK(read(as_plain_png(grey, 2, 4, {.bits = 16, .colour_type = PNG_COLOR_TYPE_GRAY})) ==
        std::vector<std::uint8_t>{0x12, 0x12, 0x12, 0xfe, 0xfe, 0xfe});
  const std::vector<std::uint8_t> bits{0xa0};
  CHECK(read(as_plain_png(bits, 3, 1, {.bits = 1, .colour_type = PNG_COLOR_TYPE_GRAY})) ==
        std::vector<std::uint8_t>{255, 255, 255, 0, 0, 0, 255, 255, 255});
}

TEST_CASE("half-transparent pixels of a PNG are mixed with white as the numbers stand") {
  std::vector<std::uint8_t> pixels;
  std::vector<std::uint8_t> expected;
  for (unsigned opacity = 0; opacity < 256; opacity += 5) {
    for (const unsigned value : {0U, 77U, 200U}) {
      pixels.push_back(static_cast<std::uint8_t>(value));
      const double mixed = (value * opacity + 255.0 * (255 - opacity)) / 255;
      expected.push_back(static_cast<std::uint8_t>(std::lround(mixed)));
    }
    pixels.push_back(static_cast<std::uint8_t>(opacity));
  }
  const bytes file = as_plain_png(pixels,
                                  static_cast<std::uint32_t>(pixels.size() / 4),
                                  pixels.size(),
                                  {.colour_type = PNG_COLOR_TYPE_RGB_ALPHA, .gamma = 1});
  CHECK(read_picture(file, "a").pixels == expected);
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

  const bytes plain = as_jpeg(gradient(32, 16));
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
