// SPDX-License-Identifier: MIT
// Damaged pictures: refused with the file's name, or read; never another crash, nor pixels that
// depend on what memory held before.
#include <rankwise/error.hpp>

#include "catch.hpp"
#include "images/picture.hpp"
#include "read_changed.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <jpeglib.h>  // after <cstdio>
#include <png.h>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace images = rankwise::images;
using rankwise::test::read_changed;

namespace {

constexpr std::uint32_t width = 21;
constexpr std::uint32_t height = 18;

std::vector<std::uint8_t> some_bytes(std::size_t n) {
  std::vector<std::uint8_t> bytes(n);
  for (std::size_t i = 0; i < n; ++i) bytes[i] = static_cast<std::uint8_t>(i * i / 7);
  return bytes;
}

std::string jpeg(J_COLOR_SPACE space, bool is_progressive, unsigned restart_interval) {
  jpeg_compress_struct encoder{};
  jpeg_error_mgr errors{};
  encoder.err = jpeg_std_error(&errors);
  jpeg_create_compress(&encoder);
  unsigned char* data = nullptr;
  unsigned long n = 0;
  jpeg_mem_dest(&encoder, &data, &n);
  encoder.image_width = width;
  encoder.image_height = height;
  const bool has_inks = space == JCS_CMYK || space == JCS_YCCK;
  encoder.in_color_space = has_inks ? JCS_CMYK : JCS_RGB;
  encoder.input_components = has_inks ? 4 : 3;
  jpeg_set_defaults(&encoder);
  jpeg_set_colorspace(&encoder, space);
  encoder.restart_interval = restart_interval;
  if (is_progressive) jpeg_simple_progression(&encoder);
  jpeg_start_compress(&encoder, TRUE);
  std::vector<std::uint8_t> row = some_bytes(std::size_t{width} * 4);
  while (encoder.next_scanline < encoder.image_height) {
    JSAMPROW rows = row.data();
    jpeg_write_scanlines(&encoder, &rows, 1);
  }
  jpeg_finish_compress(&encoder);
  std::string file(reinterpret_cast<const char*>(data), n);
  jpeg_destroy_compress(&encoder);
  std::free(data);
  // An orientation, that of a picture to be turned.
  const std::string_view tiff(
      "Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0", 32);
  return file.insert(2, std::string("\xff\xe1\0\x22", 4).append(tiff));
}

/// A PNG whose checksums, which libpng looks at first, are right whatever else is not.
std::string with_checksums(std::string file) {
  constexpr std::size_t signature_bytes = 8;
  const auto number = [&file](std::size_t at) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < 4; ++i)
      value = value << 8U | static_cast<unsigned char>(file[at + i]);
    return std::size_t{value};
  };
  for (std::size_t at = signature_bytes; at + 12 <= file.size();) {
    const std::size_t n = number(at);
    if (n > file.size() - at - 12) break;
    std::uint32_t sum = ~0U;
    for (const char byte : std::string_view(file).substr(at + 4, n + 4)) {
      sum ^= static_cast<unsigned char>(byte);
      for (int bit = 0; bit < 8; ++bit) sum = (sum >> 1U) ^ ((sum & 1U) * 0xEDB8'8320U);
    }
    for (std::size_t i = 0; i < 4; ++i)
      file[at + 8 + n + i] = static_cast<char>(~sum >> (24 - 8 * i));
    at += n + 12;
  }
  return file;
}

std::string png(int depth, int kind, int interlace) {
  std::string file;
  png_structp writer = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(writer);
  png_set_write_fn(
      writer,
      &file,
      [](png_structp to, png_bytep data, std::size_t n) {
        static_cast<std::string*>(png_get_io_ptr(to))
            ->append(reinterpret_cast<const char*>(data), n);
      },
      nullptr);
  png_set_IHDR(writer, info, width, height, depth, kind, interlace, 0, 0);
  std::vector<png_color> palette(16, png_color{1, 2, 3});
  std::vector<png_byte> alphas(9, 100);
  if (kind == PNG_COLOR_TYPE_PALETTE) {
    png_set_PLTE(writer, info, palette.data(), static_cast<int>(palette.size()));
    png_set_tRNS(writer, info, alphas.data(), static_cast<int>(alphas.size()), nullptr);
  }
  png_set_gAMA(writer, info, 0.5);
  png_write_info(writer, info);
  std::vector<std::uint8_t> row(std::size_t{width} * 8, 0x03);
  std::vector<png_bytep> rows(height, row.data());
  png_write_image(writer, rows.data());
  png_write_end(writer, info);
  png_destroy_write_struct(&writer, &info);
  return file;
}

}  // namespace

TEST_CASE("sizes that a file only claims are refused before memory is taken for them") {
  const auto refusal_of = [](const std::string& file) -> std::string {
    try {
      images::read_picture(std::as_bytes(std::span(file)), "a");
    } catch (const rankwise::config_error& error) {
      return error.what();
    }
    return "none";
  };
  std::string wide = png(16, PNG_COLOR_TYPE_RGB_ALPHA, PNG_INTERLACE_ADAM7);
  wide.replace(16, 4, "\x7f\xff\xff\xff");
  CHECK(
      refusal_of(with_checksums(wide)).starts_with("a: found 2147483647 x 18 pixels, accepted: "));
  std::string large = jpeg(JCS_YCbCr, true, 0);
  large.replace(large.find("\xff\xc2") + 5, 4, std::string("\xff\0\xff\0", 4));
  CHECK(refusal_of(large).starts_with("a: found 65280 x 65280 pixels, accepted: "));
}

TEST_CASE("damaged JPEG files") {
  const std::vector<std::string> files{jpeg(JCS_YCbCr, false, 0),
                                       jpeg(JCS_YCbCr, true, 0),
                                       jpeg(JCS_GRAYSCALE, false, 2),
                                       jpeg(JCS_RGB, false, 0),
                                       jpeg(JCS_CMYK, false, 0),
                                       jpeg(JCS_YCCK, true, 3)};
  read_changed(files, images::read_picture, [](std::string file) { return file; });
}

TEST_CASE("damaged PNG files") {
  const std::vector<std::string> files{png(8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE),
                                       png(16, PNG_COLOR_TYPE_RGB_ALPHA, PNG_INTERLACE_ADAM7),
                                       png(8, PNG_COLOR_TYPE_PALETTE, PNG_INTERLACE_NONE),
                                       png(4, PNG_COLOR_TYPE_PALETTE, PNG_INTERLACE_ADAM7),
                                       png(2, PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_NONE),
                                       png(16, PNG_COLOR_TYPE_GRAY_ALPHA, PNG_INTERLACE_NONE)};
  read_changed(files, images::read_picture, with_checksums);
}
