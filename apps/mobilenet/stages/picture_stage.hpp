// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/error.hpp>

#include "images/picture.hpp"
#include "images/resized.hpp"
#include "mobilenet/stages/frame.hpp"

#include <fmt/core.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <span>
#include <vector>

namespace mobilenet {

namespace images = rankwise::images;

/// The brightness of each pixel, a byte each: 0.299 red + 0.587 green + 0.114 blue, as Pillow
/// rounds it. Source: ITU-R BT.601.
inline std::vector<std::uint8_t> as_grey(const std::vector<std::uint8_t>& pixels) {
  std::vector<std::uint8_t> grey(pixels.size() / 3);
  for (std::size_t i = 0; i < grey.size(); ++i) {
    const std::uint32_t sum =
        19595U * pixels[3 * i] + 38470U * pixels[3 * i + 1] + 7471U * pixels[3 * i + 2] + 32768U;
    grey[i] = static_cast<std::uint8_t>(sum >> 16U);
  }
  return grey;
}

/// A stage that makes of a picture's file the pixels that the model takes.
struct picture_stage {
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  bool is_grey = false;  ///< a byte for each pixel, not three

  frame operator()(const frame& file) const {
    if (!file.error.empty()) return file;
    frame read;
    try {
      const images::picture whole =
          images::read_picture(std::as_bytes(std::span(file.bytes)), file.name);
      if (!whole.warning.empty()) fmt::print(stderr, "mobilenet: {}\n", whole.warning);
      read.bytes = images::resized(whole, width, height).pixels;
      if (is_grey) read.bytes = as_grey(read.bytes);
    } catch (const rankwise::config_error& error) {
      read.error = error.what();
    }
    return read;
  }
};

}  // namespace mobilenet
