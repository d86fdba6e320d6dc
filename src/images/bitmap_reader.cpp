// SPDX-License-Identifier: MIT
#include "images/bmp.hpp"
#include "images/bmp_rows.hpp"
#include "images/formats.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace rankwise::images {

picture read_bmp(std::span<const std::byte> bytes, const std::string& name) {
  const std::span file(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  const bmp_layout layout = read_bmp_layout(file, name);
  require_all_pixels(layout, file.size(), name);
  picture made = blank_picture(layout.width, layout.rows, name);
  bmp_rows rows(layout, name, [file](std::uint64_t offset, std::span<unsigned char> to) {
    const auto rest = file.subspan(std::min<std::uint64_t>(offset, file.size()));
    const std::size_t n = std::min(rest.size(), to.size());
    std::copy_n(rest.begin(), n, to.begin());
    return n;
  });
  for (std::uint64_t y = 0; y < layout.rows; ++y) {
    const std::uint64_t row = layout.is_top_down ? y : layout.rows - 1 - y;
    std::uint8_t* to = made.pixels.data() + row * layout.width * 3;
    for (const rgb colour : rows.next()) {
      *to++ = colour.red;
      *to++ = colour.green;
      *to++ = colour.blue;
    }
  }
  return made;
}

}  // namespace rankwise::images
