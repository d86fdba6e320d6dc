// SPDX-License-Identifier: MIT
#include "images/bmp.hpp"
#include "images/formats.hpp"

#include <cstddef>
#include <cstdint>

namespace rankwise::images {

picture read_bmp(std::span<const std::byte> bytes, const std::string& name) {
  const std::span file(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  const bmp_layout layout = read_bmp_layout(file, name);
  require_all_pixels(layout, file.size(), name);
  picture made = blank_picture(layout.row_pixels(), layout.rows, name);
  std::uint8_t* to = made.pixels.data();
  for (std::uint64_t y = 0; y < layout.rows; ++y) {
    const std::uint64_t row = layout.is_top_down ? y : layout.rows - 1 - y;
    const unsigned char* from = file.data() + layout.pixels + row * layout.row_stride;
    for (std::uint32_t x = 0; x < made.width; ++x) {
      *to++ = from[2];
      *to++ = from[1];
      *to++ = from[0];
      from += layout.pixel_bytes;
    }
  }
  return made;
}

}  // namespace rankwise::images
