// SPDX-License-Identifier: MIT
#include <rankwise/error.hpp>

#include "images/formats.hpp"

#include <fmt/format.h>

namespace rankwise::images {

picture blank_picture(std::uint64_t width, std::uint64_t height, const std::string& name) {
  constexpr std::size_t n_channels = 3;
  // Neither factor is so large that their product overflows.
  if (width == 0 || height == 0 || width > most_pixels || height > most_pixels ||
      width * height > most_pixels)
    throw config_error(fmt::format(
        "{}: found {} x {} pixels, accepted: 1 to {}", name, width, height, most_pixels));
  return {static_cast<std::uint32_t>(width),
          static_cast<std::uint32_t>(height),
          std::vector<std::uint8_t>(width * height * n_channels)};
}

}  // namespace rankwise::images
