// SPDX-License-Identifier: MIT
#pragma once

#include "bitmap.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace rankwise::test {

/// A way to write a pixel.
struct pixel_code {
  std::uint32_t bits = 8;
  std::uint32_t info_bytes = 40;
  std::uint32_t compression = 0;
  std::array<std::uint32_t, 3> masks{};  ///< of red, green, blue; for 16 and 32 bits
};

/// All but those whose bytes are colours.
inline constexpr std::array<pixel_code, 19> pixel_codes{
    {{1},
     {4},
     {8},
     {1, 12},
     {4, 12},
     {8, 12},
     {8, 64},
     {4, 124},
     {8, 40, 1},
     {8, 108, 1},
     {4, 40, 2},
     {16, 40, 0, {0x7C00, 0x3E0, 0x1F}},
     {16, 12, 0, {0x7C00, 0x3E0, 0x1F}},
     {16, 40, 3, {0xF800, 0x7E0, 0x1F}},
     {16, 56, 3, {0xF, 0xF0, 0xF00}},
     {32, 52, 3, {0xFF, 0xFF00, 0xFF0000}},
     {32, 56, 3, {0xFF00'0000, 0xFF'0000, 0xFF00}},
     {32, 124, 3, {0x3FF0'0000, 0xF'FC00, 0x3FF}},
     {32, 40, 6, {0xFF00, 0xFF, 0xFF0000}}}};

/// A whole image of random pixels, what they are, and how often each value occurs.
struct coded_bitmap {
  std::string bytes;
  std::vector<std::uint8_t> pixels;  ///< rows from the top; red, green, blue
  std::array<std::uint64_t, 768> counts{};
};

namespace detail {

/// A row of places in a palette as runs, some of a count and a value, some of values alone.
inline std::string row_of_runs(const std::vector<std::uint32_t>& row,
                               bool is_halves,
                               std::mt19937& random) {
  std::string bytes;
  const auto add = [&bytes](std::size_t value) { bytes += static_cast<char>(value); };
  for (std::size_t x = 0; x < row.size();) {
    const std::size_t n = std::min<std::size_t>(row.size() - x, 3 + random() % 9);
    if (n >= 3 && random() % 2 == 0) {
      add(0);
      add(n);
      const std::size_t begin = bytes.size();
      for (std::size_t i = 0; i < n; i += is_halves ? 2 : 1)
        add(is_halves ? row[x + i] << 4U | (i + 1 < n ? row[x + i + 1] : 0) : row[x + i]);
      if ((bytes.size() - begin) % 2 != 0) add(0);
      x += n;
      continue;
    }
    std::size_t n_alike = 1;
    while (x + n_alike < row.size() && n_alike < 255 && row[x + n_alike] == row[x]) ++n_alike;
    add(n_alike);
    add(is_halves ? row[x] << 4U | row[x] : row[x]);
    x += n_alike;
  }
  return bytes + std::string(2, '\0');
}

}  // namespace detail

inline coded_bitmap random_coded_bitmap(const pixel_code& code,
                                        std::uint32_t width,
                                        std::int32_t height,
                                        unsigned seed) {
  std::mt19937 random(seed);
  coded_bitmap made;
  const bool is_core = code.info_bytes == 12;
  const bool is_packed = code.compression == 1 || code.compression == 2;
  const bool has_palette = code.bits <= 8;
  if ((is_core || is_packed) && height < 0) height = -height;  // their rows go up
  made.bytes = bitmap_header({.width = width,
                              .height = height,
                              .bits = code.bits,
                              .info_bytes = std::max(code.info_bytes, 40U),
                              .compression = code.compression});
  if (is_core) {
    made.bytes.resize(14 + 12);
    put(made.bytes, 14, 12, 4);
    put(made.bytes, 18, width, 2);
    put(made.bytes, 20, static_cast<std::uint32_t>(height), 2);
    put(made.bytes, 22, 1, 2);
    put(made.bytes, 24, code.bits, 2);
  } else if (code.compression == 3 || code.compression == 6) {
    made.bytes.resize(std::max<std::size_t>(14 + code.info_bytes, code.compression == 6 ? 70 : 66));
    for (std::size_t colour = 0; colour < 3; ++colour)
      put(made.bytes, 54 + 4 * colour, code.masks.at(colour), 4);
  }
  std::vector<std::array<std::uint8_t, 3>> palette(has_palette ? 1U << code.bits : 0U);
  for (auto& colour : palette) {
    for (std::uint8_t& level : colour) level = static_cast<std::uint8_t>(random());
    for (std::size_t i = 0; i < 3; ++i) made.bytes += static_cast<char>(colour.at(2 - i));
    if (!is_core) made.bytes += '\x77';
  }
  put(made.bytes, 10, made.bytes.size(), 4);
  const auto n_rows = static_cast<std::uint32_t>(height < 0 ? -height : height);
  made.pixels.resize(std::size_t{width} * n_rows * 3);
  for (std::uint32_t in_file = 0; in_file < n_rows; ++in_file) {
    const std::uint32_t y = height < 0 ? in_file : n_rows - 1 - in_file;
    std::vector<std::uint32_t> row;
    std::string bits(((width * code.bits + 31) / 32) * 4, '\0');
    for (std::uint32_t x = 0; x < width; ++x) {
      const bool repeats = is_packed && x > 0 && random() % 3 != 0;
      const std::uint32_t all = code.bits == 32 ? ~0U : (1U << code.bits) - 1;
      row.push_back(repeats ? row.back() : static_cast<std::uint32_t>(random()) & all);
      for (std::uint32_t i = 0; i < code.bits; i += std::min(8U, code.bits)) {
        const std::uint32_t bit = x * code.bits + i;
        const std::uint32_t part =
            code.bits < 8 ? row.back() << (8 - code.bits - bit % 8) : row.back() >> i & 0xFFU;
        bits[bit / 8] = static_cast<char>(static_cast<unsigned char>(bits[bit / 8]) | part);
      }
      for (std::size_t colour = 0; colour < 3; ++colour) {
        const std::uint32_t mask = code.masks.at(colour);
        const auto shift = static_cast<unsigned>(mask == 0 ? 0 : std::countr_zero(mask));
        const auto level = has_palette ? palette[row.back()].at(colour)
                           : mask == 0
                               ? std::uint8_t{0}
                               : static_cast<std::uint8_t>(std::lround(
                                     255.0 * ((row.back() & mask) >> shift) / (mask >> shift)));
        made.pixels[(std::size_t{y} * width + x) * 3 + colour] = level;
        ++made.counts.at(colour * 256 + level);
      }
    }
    made.bytes += is_packed ? detail::row_of_runs(row, code.compression == 2, random) : bits;
  }
  if (is_packed) made.bytes += std::string("\0\1", 2);
  made.bytes += "behind the pixels";
  return made;
}

}  // namespace rankwise::test
