// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/error.hpp>

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace rankwise::images {

/// How the pixels of an uncompressed BMP image lie in its file: rows one after the other, each
/// filled up to a multiple of 4 bytes; the bytes of a pixel are blue, green, red, and a fourth one
/// with 32 bits.
struct bmp_layout {
  std::uint64_t pixels = 0;       ///< byte offset of the first row
  std::uint64_t rows = 0;         ///< at least 1
  std::uint64_t row_bytes = 0;    ///< of a row's pixels, at least 1 pixel
  std::uint64_t row_stride = 0;   ///< of a row with its padding
  std::uint32_t pixel_bytes = 0;  ///< 3 or 4
  bool is_top_down = false;       ///< the first row is the top one

  /// One past the last pixel; the padding of the last row may be missing.
  std::uint64_t end() const { return pixels + (rows - 1) * row_stride + row_bytes; }

  std::uint64_t row_pixels() const { return row_bytes / pixel_bytes; }

  std::uint64_t n_pixels() const { return rows * row_pixels(); }
};

/// The bytes at a file's beginning that tell its layout.
inline constexpr std::size_t bmp_header_bytes = 66;

namespace detail {

/// The fields of a header, and what is said of those that can't be used.
class bmp_header {
 public:
  bmp_header(std::span<const unsigned char> beginning, const std::string& name)
      : beginning_(beginning), name_(&name) {}

  std::uint32_t number16(std::size_t offset) const {
    require_bytes(offset + 2);
    return beginning_[offset] | static_cast<std::uint32_t>(beginning_[offset + 1]) << 8U;
  }

  std::uint32_t number32(std::size_t offset) const {
    require_bytes(offset + 4);
    return number16(offset) | number16(offset + 2) << 16U;
  }

  [[noreturn]] void refuse(std::size_t offset,
                           const std::string& found,
                           const std::string& accepted) const {
    throw config_error(
        fmt::format("{}: byte {}: found {}, accepted: {}", *name_, offset, found, accepted));
  }

 private:
  void require_bytes(std::size_t bytes) const {
    if (beginning_.size() >= bytes) return;
    refuse(beginning_.size(), "the end of the file", "a whole BMP header");
  }

  std::span<const unsigned char> beginning_;
  const std::string* name_;
};

}  // namespace detail

/// Reads the layout of the image `name`, of whose file `beginning` holds the first bytes:
/// bmp_header_bytes of them, or all that there are.
///
/// Throws: config_error naming the file, the byte offset, what was found and what is accepted.
/// Source: BITMAPFILEHEADER, BITMAPINFOHEADER, BITMAPV4HEADER and BITMAPV5HEADER of the Windows
///         API. The sizes of file and image that they hold are not used: they end at 4 GiB.
inline bmp_layout read_bmp_layout(std::span<const unsigned char> beginning,
                                  const std::string& name) {
  const detail::bmp_header header(beginning, name);
  constexpr std::uint32_t signature = 0x4D42;  // "BM"
  if (const auto found = header.number16(0); found != signature) {
    header.refuse(0, fmt::format("{:02x} {:02x}", found & 0xFFU, found >> 8U), "BM, a BMP image");
  }
  const std::uint32_t info_bytes = header.number32(14);
  if (info_bytes != 40 && info_bytes != 108 && info_bytes != 124) {
    header.refuse(14, fmt::format("a header of {} bytes", info_bytes), "40, 108, 124");
  }
  const std::uint32_t bits = header.number16(28);
  if (bits != 24 && bits != 32) {
    header.refuse(28, fmt::format("{} bits a pixel", bits), "24, 32");
  }
  const std::uint32_t compression = header.number32(30);
  const bool with_masks = compression == 3 && bits == 32;
  if (with_masks) {
    const std::uint32_t red = header.number32(54);
    const std::uint32_t green = header.number32(58);
    const std::uint32_t blue = header.number32(62);
    if (red != 0xFF0000 || green != 0xFF00 || blue != 0xFF) {
      header.refuse(54,
                    fmt::format("colour masks {:08x} {:08x} {:08x}", red, green, blue),
                    "00ff0000 0000ff00 000000ff");
    }
  } else if (compression != 0) {
    header.refuse(30, fmt::format("compression {}", compression), "0, an uncompressed image");
  }
  const std::uint32_t width = header.number32(18);
  constexpr std::uint32_t negative = 0x8000'0000;
  if (width == 0 || width >= negative) {
    header.refuse(18,
                  fmt::format("a width of {}", static_cast<std::int32_t>(width)),
                  "a whole number from 1 to 2147483647");
  }
  const std::uint32_t height = header.number32(22);
  if (height == 0) header.refuse(22, "a height of 0", "any other");
  bmp_layout image;
  image.pixels = header.number32(10);
  const std::uint32_t header_end = 14 + info_bytes + (with_masks && info_bytes == 40 ? 12 : 0);
  if (image.pixels < header_end) {
    header.refuse(10,
                  fmt::format("pixels from byte {} on", image.pixels),
                  fmt::format("{} or more, behind the header", header_end));
  }
  // Of 2^31 rows of 2^31 pixels of 4 bytes the last one ends just below 2^64.
  image.pixel_bytes = bits / 8;
  image.is_top_down = height >= negative;
  image.rows = image.is_top_down ? ~height + std::uint64_t{1} : height;
  image.row_bytes = std::uint64_t{width} * image.pixel_bytes;
  image.row_stride = (image.row_bytes + 3) / 4 * 4;
  return image;
}

/// Sees that all pixels of `image` lie in its file of `file_bytes` bytes.
///
/// Throws: config_error.
inline void require_all_pixels(const bmp_layout& image,
                               std::uint64_t file_bytes,
                               const std::string& name) {
  if (file_bytes >= image.end()) return;
  throw config_error(
      fmt::format("{}: byte {}: found the end of the file, accepted: pixels up to byte {}",
                  name,
                  file_bytes,
                  image.end()));
}

}  // namespace rankwise::images
