// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/error.hpp>

#include "images/picture.hpp"
#include "images/resized.hpp"
#include "mobilenet/frame.hpp"

#include <cstdint>
#include <span>

namespace mobilenet {

namespace images = rankwise::images;

/// A stage that makes of a picture's file the pixels that the model takes.
struct picture_stage {
  std::uint32_t width = 0;
  std::uint32_t height = 0;

  frame operator()(const frame& file) const {
    if (!file.error.empty()) return file;
    frame read;
    try {
      const images::picture whole =
          images::read_picture(std::as_bytes(std::span(file.bytes)), file.name);
      read.bytes = images::resized(whole, width, height).pixels;
    } catch (const rankwise::config_error& error) {
      read.error = error.what();
    }
    return read;
  }
};

}  // namespace mobilenet
