// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace rankwise::test {

/// What a test wants of an image.
struct bitmap_settings {
  std::uint32_t width = 1;
  std::int32_t height = 1;  ///< negative: top-down
  std::uint32_t bits = 24;
  std::uint32_t info_bytes = 40;
  std::uint32_t compression = 0;
  std::uint32_t gap = 0;  ///< bytes between the header and the pixels
  std::array<std::uint32_t, 3> masks{0xFF0000, 0xFF00, 0xFF};  ///< where compression is 3
  std::vector<std::uint32_t> palette = {};                     ///< colours as 0xrrggbb
};

/// An image, and how often each value of red, green and blue occurs in it.
struct bitmap {
  std::string bytes;
  std::array<std::uint64_t, 768> counts{};
};

inline void put(std::string& bytes, std::size_t offset, std::uint64_t number, std::size_t n_bytes) {
  for (std::size_t i = 0; i < n_bytes; ++i) {
    bytes.at(offset + i) = static_cast<char>(number >> (8 * i) & 0xFFU);
  }
}

/// The header of an image, its palette, and the gap behind it.
inline std::string bitmap_header(const bitmap_settings& how) {
  const bool is_core = how.info_bytes == 12;
  const std::uint32_t masks = how.compression == 3 && how.info_bytes == 40 ? 12 : 0;
  const std::size_t palette_at = 14 + how.info_bytes + masks;
  const std::size_t entry_bytes = is_core ? 3 : 4;
  std::string bytes(palette_at + how.palette.size() * entry_bytes + how.gap, '\xEE');
  put(bytes, 0, 'B', 1);
  put(bytes, 1, 'M', 1);
  put(bytes, 10, bytes.size(), 4);
  put(bytes, 14, how.info_bytes, 4);
  for (std::size_t i = 0; i < how.palette.size(); ++i)
    put(bytes, palette_at + i * entry_bytes, how.palette[i], 3);
  if (is_core) {
    put(bytes, 18, how.width, 2);
    put(bytes, 20, static_cast<std::uint32_t>(how.height), 2);
    put(bytes, 22, 1, 2);
    put(bytes, 24, how.bits, 2);
    return bytes;
  }
  put(bytes, 18, how.width, 4);
  put(bytes, 22, static_cast<std::uint32_t>(how.height), 4);
  put(bytes, 26, 1, 2);
  put(bytes, 28, how.bits, 2);
  put(bytes, 30, how.compression, 4);
  put(bytes, 46, how.palette.size(), 4);
  for (std::size_t colour = 0; how.compression == 3 && colour < 3; ++colour)
    put(bytes, 54 + 4 * colour, how.masks.at(colour), 4);
  return bytes;
}

/// A whole image of random colours, counted pixel by pixel as it is made.
inline bitmap random_bitmap(const bitmap_settings& how, unsigned seed) {
  std::mt19937 random(seed);
  bitmap made;
  made.bytes = bitmap_header(how);
  const auto add_byte = [&made](unsigned value) { made.bytes += static_cast<char>(value); };
  for (std::int32_t row = 0; row < (how.height < 0 ? -how.height : how.height); ++row) {
    for (std::uint32_t column = 0; column < how.width; ++column) {
      for (const std::size_t colour : {2U, 1U, 0U}) {
        const unsigned value = random() % 256;
        add_byte(value);
        ++made.counts.at(colour * 256 + value);
      }
      if (how.bits == 32) add_byte(random() % 256);
    }
    for (std::size_t filled = how.width * how.bits / 8; filled % 4 != 0; ++filled) add_byte(0x99);
  }
  made.bytes += "behind the pixels";
  return made;
}

}  // namespace rankwise::test
