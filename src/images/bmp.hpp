// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/error.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace rankwise::images {

/// A colour in the order of a picture's bytes.
struct rgb {
  std::uint8_t red = 0;
  std::uint8_t green = 0;
  std::uint8_t blue = 0;

  bool operator==(const rgb&) const = default;
};

/// How the pixels of a BMP image lie in its file.
struct bmp_layout {
  enum class coding : std::uint8_t {
    bytes,    ///< blue, green, red, and a fourth byte that is no colour where there are 32 bits
    masked,   ///< colours are some bits of a whole number of 16 or 32 bits
    indexed,  ///< 1, 4 or 8 bits a pixel, which stand for a colour of the palette
    rle4,     ///< the same with 4 bits, runs of two pixels
    rle8      ///< with 8 bits, runs of one
  };

  std::uint64_t pixels = 0;      ///< byte offset of the first row
  std::uint64_t width = 0;       ///< pixels, at least 1
  std::uint64_t rows = 0;        ///< at least 1
  std::uint32_t bits = 0;        ///< of a pixel
  std::uint64_t row_bytes = 0;   ///< of a row's pixels where it is not run-length coded
  std::uint64_t row_stride = 0;  ///< of a row with its padding, a multiple of 4 bytes
  bool is_top_down = false;      ///< the first row is the top one
  coding code = coding::bytes;
  std::array<std::uint32_t, 3> masks{};  ///< of red, green and blue
  std::vector<rgb> palette = {};         ///< of 2^bits colours; black where the file has none

  bool is_run_length() const { return code == coding::rle4 || code == coding::rle8; }

  /// One past the last pixel; the padding of the last row may be missing. Where rows are
  /// run-length coded that is not known before they are decoded.
  std::uint64_t end() const { return pixels + (rows - 1) * row_stride + row_bytes; }

  std::uint64_t n_pixels() const { return rows * width; }
};

/// The bytes at a file's beginning that tell its layout: headers, masks and a palette of 256.
inline constexpr std::size_t bmp_header_bytes = 14 + 124 + 256 * 4;

namespace detail {

/// The fields of a header, and what is said of those that can't be used.
class bmp_header {
 public:
  bmp_header(std::span<const unsigned char> beginning, const std::string& name)
      : beginning_(beginning), name_(&name) {}

  std::uint8_t number8(std::size_t offset) const {
    require_bytes(offset + 1);
    return beginning_[offset];
  }

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

/// What the fields of a header say of how pixels are written, and where the palette begins.
inline void read_bmp_coding(const bmp_header& header,
                            std::uint32_t info_bytes,
                            std::uint32_t& header_end,
                            bmp_layout& image) {
  using coding = bmp_layout::coding;
  const bool is_core = info_bytes == 12;
  const std::size_t bits_at = is_core ? 24 : 28;
  image.bits = header.number16(bits_at);
  const std::uint32_t compression = is_core ? 0 : header.number32(30);
  const bool is_os2 = info_bytes == 64;  // whose numbers from 3 on mean something else
  const bool has_masks = !is_os2 && (compression == 3 || compression == 6);
  const std::uint32_t bits = image.bits;
  if (bits != 1 && bits != 4 && bits != 8 && bits != 16 && bits != 24 && bits != 32)
    header.refuse(bits_at, fmt::format("{} bits a pixel", bits), "1, 4, 8, 16, 24, 32");
  if (has_masks && (bits == 16 || bits == 32)) {
    if (info_bytes == 40) header_end += compression == 6 ? 16 : 12;
    for (std::size_t colour = 0; colour < 3; ++colour) {
      const std::uint32_t mask = header.number32(54 + 4 * colour);
      const std::uint32_t ones = mask >> std::countr_zero(mask | 1U << 31U);
      if (mask == 0 || (ones & (ones + 1)) != 0 || (bits == 16 && mask > 0xffff)) {
        header.refuse(54 + 4 * colour,
                      fmt::format("a colour mask of {:08x}", mask),
                      fmt::format("bits side by side, of a pixel's {}", bits));
      }
      image.masks.at(colour) = mask;
    }
    const bool is_usual = bits == 32 && image.masks == std::array{0xFF0000U, 0xFF00U, 0xFFU};
    image.code = is_usual ? coding::bytes : coding::masked;
  } else if (compression == 1 && bits == 8) {
    image.code = coding::rle8;
  } else if (compression == 2 && bits == 4) {
    image.code = coding::rle4;
  } else if (compression != 0) {
    header.refuse(30,
                  fmt::format("compression {} of {} bits a pixel", compression, bits),
                  "0; 1 of 8 bits, 2 of 4 bits (run lengths), 3 and 6 of 16 and 32 bits (masks)");
  } else if (bits == 16) {
    image.code = coding::masked;
    image.masks = {0x7C00, 0x03E0, 0x001F};
  } else {
    image.code = bits <= 8 ? coding::indexed : coding::bytes;
  }
}

/// The palette, from `first` on to the pixels.
inline void read_bmp_palette(const bmp_header& header,
                             std::uint32_t info_bytes,
                             std::uint64_t first,
                             bmp_layout& image) {
  const std::uint64_t entry_bytes = info_bytes == 12 ? 3 : 4;
  std::uint64_t n = std::uint64_t{1} << image.bits;
  image.palette.resize(n);
  const std::uint32_t n_used = info_bytes == 12 ? 0 : header.number32(46);
  if (n_used != 0) n = std::min<std::uint64_t>(n, n_used);
  n = std::min(n, (image.pixels - first) / entry_bytes);
  for (std::uint64_t i = 0; i < n; ++i) {
    const std::size_t at = first + i * entry_bytes;
    image.palette[i] = {header.number8(at + 2), header.number8(at + 1), header.number8(at)};
  }
}

}  // namespace detail

/// Reads the layout of the image `name`, of whose file `beginning` holds the first bytes:
/// bmp_header_bytes of them, or all that there are.
///
/// Throws: config_error naming the file, the byte offset, what was found and what is accepted.
/// Source: BITMAPFILEHEADER, BITMAPCOREHEADER, BITMAPINFOHEADER, BITMAPV4HEADER and BITMAPV5HEADER
///         of the Windows API; headers of 52 and 56 bytes are the beginning of the fourth, one of
///         64 bytes is OS/2's. The sizes of file and image that they hold are not used: they end at
///         4 GiB.
inline bmp_layout read_bmp_layout(std::span<const unsigned char> beginning,
                                  const std::string& name) {
  const detail::bmp_header header(beginning, name);
  constexpr std::uint32_t signature = 0x4D42;  // "BM"
  if (const auto found = header.number16(0); found != signature) {
    header.refuse(0, fmt::format("{:02x} {:02x}", found & 0xFFU, found >> 8U), "BM, a BMP image");
  }
  constexpr std::array<std::uint32_t, 7> sizes{12, 40, 52, 56, 64, 108, 124};
  const std::uint32_t info_bytes = header.number32(14);
  if (std::find(sizes.begin(), sizes.end(), info_bytes) == sizes.end()) {
    header.refuse(14,
                  fmt::format("a header of {} bytes", info_bytes),
                  fmt::format("{}", fmt::join(sizes, ", ")));
  }
  const bool is_core = info_bytes == 12;
  bmp_layout image;
  std::uint32_t header_end = 14 + info_bytes;
  detail::read_bmp_coding(header, info_bytes, header_end, image);
  const std::uint32_t width = is_core ? header.number16(18) : header.number32(18);
  constexpr std::uint32_t negative = 0x8000'0000;
  if (width == 0 || width >= negative) {
    header.refuse(18,
                  fmt::format("a width of {}", static_cast<std::int32_t>(width)),
                  "a whole number from 1 to 2147483647");
  }
  const std::size_t height_at = is_core ? 20 : 22;
  const std::uint32_t height = is_core ? header.number16(height_at) : header.number32(height_at);
  if (height == 0) header.refuse(height_at, "a height of 0", "any other");
  image.pixels = header.number32(10);
  if (image.pixels < header_end) {
    header.refuse(10,
                  fmt::format("pixels from byte {} on", image.pixels),
                  fmt::format("{} or more, behind the header", header_end));
  }
  // Of 2^31 rows of 2^31 pixels of 4 bytes the last one ends just below 2^64.
  image.is_top_down = height >= negative;
  image.rows = image.is_top_down ? ~height + std::uint64_t{1} : height;
  image.width = width;
  image.row_bytes = (image.width * image.bits + 7) / 8;
  image.row_stride = (image.row_bytes + 3) / 4 * 4;
  if (image.bits <= 8) detail::read_bmp_palette(header, info_bytes, header_end, image);
  constexpr std::uint64_t most_run_length_pixels = std::uint64_t{1} << 27U;
  if (image.is_run_length()) {
    if (image.is_top_down)
      header.refuse(height_at, "run-length coded rows from the top", "from the bottom");
    // A few bytes can claim any number of them.
    if (image.width > most_run_length_pixels / image.rows) {
      header.refuse(18,
                    fmt::format("{} x {} run-length coded pixels", image.width, image.rows),
                    fmt::format("{} at most", most_run_length_pixels));
    }
  }
  return image;
}

/// Sees that all pixels of `image` lie in its file of `file_bytes` bytes, as far as that can be
/// known.
///
/// Throws: config_error.
inline void require_all_pixels(const bmp_layout& image,
                               std::uint64_t file_bytes,
                               const std::string& name) {
  if (image.is_run_length() || file_bytes >= image.end()) return;
  throw config_error(
      fmt::format("{}: byte {}: found the end of the file, accepted: pixels up to byte {}",
                  name,
                  file_bytes,
                  image.end()));
}

}  // namespace rankwise::images
