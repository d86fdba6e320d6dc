// SPDX-License-Identifier: MIT
#pragma once

#include "images/bmp.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <utility>

namespace histogram {

namespace images = rankwise::images;

/// Of red, green and blue, in this order, 256 each.
inline constexpr std::size_t n_colour_bins = 768;

/// How often each value of each colour has been seen.
///
/// Neighbours in an image are often alike, and a counter that was stored can be loaded again only
/// after some clocks. So neighbours are counted in tables of their own, which all together still
/// fit a first-level cache of 32 KiB.
class pixel_counts {
 public:
  /// To be called before up to `bytes` bytes are counted, fewer than 2^32.
  void make_room(std::uint64_t bytes) {
    if (bytes > room_) flush();
    room_ -= bytes;
  }

  /// Counts the bytes of whole pixels of `PixelBytes` bytes, that begin with blue.
  template <std::size_t PixelBytes>
  void count_pixels(const unsigned char* bytes, std::uint64_t n_pixels) {
    const auto count_one_each = [&]<std::size_t... Table>(
        std::index_sequence<Table...> /*tables*/) {
      (count_pixel(tables_[Table], bytes + Table * PixelBytes), ...);
    };
    for (; n_pixels >= n_tables; n_pixels -= n_tables, bytes += n_tables * PixelBytes) {
      count_one_each(std::make_index_sequence<n_tables>());
    }
    for (std::uint64_t i = 0; i < n_pixels * PixelBytes; ++i) count_byte(i % PixelBytes, bytes[i]);
  }

  /// Counts one byte, which is number `position` of its pixel.
  void count_byte(std::size_t position, unsigned char value) {
    if (position < 3) ++tables_[0][position][value];
  }

  /// Counts the colours of one pixel.
  void count_pixel(const images::rgb& colour) {
    count_byte(0, colour.blue);
    count_byte(1, colour.green);
    count_byte(2, colour.red);
  }

  /// By bin.
  const std::array<std::uint64_t, n_colour_bins>& bins() {
    flush();
    return bins_;
  }

 private:
  using table = std::array<std::array<std::uint32_t, 256>, 3>;  // blue first, as in the file

  static constexpr std::size_t n_tables = 8;
  static constexpr std::uint64_t most = std::numeric_limits<std::uint32_t>::max();

  static void count_pixel(table& counts, const unsigned char* pixel) {
    ++counts[0][pixel[0]];
    ++counts[1][pixel[1]];
    ++counts[2][pixel[2]];
  }

  void flush() {
    for (const table& counts : tables_) {
      for (std::size_t bin = 0; bin < n_colour_bins; ++bin) {
        bins_[bin] += counts[2 - bin / 256][bin % 256];
      }
    }
    tables_ = {};
    room_ = most;
  }

  std::array<table, n_tables> tables_{};
  std::array<std::uint64_t, n_colour_bins> bins_{};
  std::uint64_t room_ = most;  ///< bytes that can be counted before some counter may overflow
};

namespace detail {

template <std::size_t PixelBytes>
void count_part_of_row(std::uint64_t column,
                       std::span<const unsigned char> bytes,
                       pixel_counts& counts) {
  std::size_t at = 0;
  for (; at < bytes.size() && (column + at) % PixelBytes != 0; ++at) {
    counts.count_byte((column + at) % PixelBytes, bytes[at]);
  }
  const std::uint64_t whole = (bytes.size() - at) / PixelBytes;
  counts.count_pixels<PixelBytes>(bytes.data() + at, whole);
  for (at += whole * PixelBytes; at < bytes.size(); ++at) {
    counts.count_byte((column + at) % PixelBytes, bytes[at]);
  }
}

}  // namespace detail

/// Counts those of `bytes`, which lie at `offset` of the file of `image`, that are colours of its
/// pixels, where each colour is a byte of its own. Any range of the file will do; ranges that cover
/// it once count it once.
///
/// Local. Shapes: fewer than 2^32 bytes at a time.
/// Cost: a load and an increment a byte.
inline void count_range(const images::bmp_layout& image,
                        std::uint64_t offset,
                        std::span<const unsigned char> bytes,
                        pixel_counts& counts) {
  counts.make_room(bytes.size());
  const std::uint64_t end = std::min<std::uint64_t>(offset + bytes.size(), image.end());
  std::uint64_t at = std::max(offset, image.pixels);
  if (at >= end) return;
  std::uint64_t row = image.pixels + (at - image.pixels) / image.row_stride * image.row_stride;
  for (; row < end; row += image.row_stride, at = row) {
    const std::uint64_t row_end = std::min(row + image.row_bytes, end);
    if (at >= row_end) continue;  // in the padding
    const auto part = bytes.subspan(at - offset, row_end - at);
    if (image.bits == 24) {
      detail::count_part_of_row<3>(at - row, part, counts);
    } else {
      detail::count_part_of_row<4>(at - row, part, counts);
    }
  }
}

}  // namespace histogram
