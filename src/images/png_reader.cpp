// SPDX-License-Identifier: MIT
#include <rankwise/error.hpp>

#include "images/formats.hpp"

#include <fmt/format.h>

#include <memory>
#include <png.h>

namespace rankwise::images {

picture read_png(std::span<const std::byte> bytes, const std::string& name) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  const std::unique_ptr<png_image, decltype(&png_image_free)> freed(&image, &png_image_free);
  const auto refuse = [&] {
    throw config_error(fmt::format(
        "{}: found a PNG that can't be read ({}), accepted: whole ones", name, image.message));
  };
  if (png_image_begin_read_from_memory(&image, bytes.data(), bytes.size()) == 0) refuse();
  image.format = PNG_FORMAT_RGB;
  picture made = blank_picture(image.width, image.height, name);
  const png_color white{255, 255, 255};
  if (png_image_finish_read(&image, &white, made.pixels.data(), 0, nullptr) == 0) refuse();
  return made;
}

}  // namespace rankwise::images
