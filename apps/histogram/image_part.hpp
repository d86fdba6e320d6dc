// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/readers.hpp>

#include "histogram/pixel_counts.hpp"
#include "images/bmp.hpp"
#include "images/bmp_rows.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace histogram {

namespace images = rankwise::images;

namespace detail {

/// Where an image's bytes are read to. The system copies faster to whole cache lines.
struct alignas(64) image_block {
  std::array<char, std::size_t{256} << 10U> bytes;
};

inline std::span<const unsigned char> unsigned_bytes(std::span<const char> bytes) {
  return {reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()};
}

/// The first bytes of an image: bmp_header_bytes of them, or all that there are.
inline std::span<const unsigned char> read_beginning(
    rankwise::byte_source& image, std::span<char, images::bmp_header_bytes> target) {
  std::size_t n = 0;
  while (n < target.size()) {
    const std::size_t n_more = image.read_at(n, target.subspan(n));
    if (n_more == 0) break;
    n += n_more;
  }
  return unsigned_bytes(target.first(n));
}

/// Counts all pixels of an image whose bytes are no colours by themselves.
inline void count_decoded(const images::bmp_layout& layout,
                          rankwise::input& image,
                          pixel_counts& counts) {
  images::bmp_rows rows(
      layout, image.name(), [&image](std::uint64_t offset, std::span<unsigned char> to) {
        return image.source().read_at(offset, {reinterpret_cast<char*>(to.data()), to.size()});
      });
  for (std::uint64_t y = 0; y < layout.rows; ++y) {
    const std::span<const images::rgb> row = rows.next();
    counts.make_room(row.size());
    for (const images::rgb& colour : row) counts.count_pixel(colour);
  }
}

}  // namespace detail

/// Sees that a file on this host is an image that can be counted.
///
/// Local: reads the header.
/// Throws: config_error if it is none, or is cut short; where that can't be known before it is
///         unpacked, count_image_part finds it.
inline void check_image(const rankwise::split& file) {
  const auto image = rankwise::open_file(file);
  std::array<char, images::bmp_header_bytes> header{};
  const images::bmp_layout layout =
      images::read_bmp_layout(detail::read_beginning(*image, header), file.path);
  if (file.packed == rankwise::packing::none) {
    images::require_all_pixels(layout, file.file_bytes, file.path);
  }
}

/// Counts the pixels' bytes that lie in the range of `image`, whose other bytes may be counted
/// elsewhere. Where pixels are no whole bytes of colour, the range that begins the file counts all.
///
/// Local: reads the header, and the range from its beginning to its end.
/// Throws: config_error if the file is no image that can be counted, or ends within the range.
inline void count_image_part(rankwise::input& image, pixel_counts& counts) {
  rankwise::byte_source& source = image.source();
  std::array<char, images::bmp_header_bytes> header{};
  const auto beginning = detail::read_beginning(source, header);
  const images::bmp_layout layout = images::read_bmp_layout(beginning, image.name());
  if (layout.code != images::bmp_layout::coding::bytes) {
    // Such an image is counted whole, by whoever has its beginning.
    if (image.first() == 0) detail::count_decoded(layout, image, counts);
    return;
  }
  if (image.first() < beginning.size()) {
    // Pixels may begin before the longest header ends.
    const auto n = std::min<std::uint64_t>(image.last(), beginning.size());
    const auto part = beginning.first(n).subspan(image.first());
    count_range(layout, image.first(), part, counts);
  }
  const std::uint64_t last = std::min(image.last(), layout.end());
  const auto block = std::make_unique_for_overwrite<detail::image_block>();
  for (std::uint64_t offset = std::max<std::uint64_t>(image.first(), beginning.size());
       offset < last;) {
    const std::uint64_t wanted = std::min<std::uint64_t>(last - offset, block->bytes.size());
    const std::size_t n = source.read_at(offset, std::span(block->bytes).first(wanted));
    if (n == 0) images::require_all_pixels(layout, offset, image.name());
    count_range(layout, offset, detail::unsigned_bytes(std::span(block->bytes).first(n)), counts);
    offset += n;
  }
}

}  // namespace histogram
