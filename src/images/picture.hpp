// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace rankwise::images {

/// A picture in colours.
struct picture {
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  std::vector<std::uint8_t> pixels;  ///< [height, width, 3]: rows from the top; red, green, blue
  std::string warning = {};  ///< a line about a file that is not as it should be; empty: nothing
};

/// Pixels of a picture at most; more are refused before any memory is taken for them.
inline constexpr std::uint64_t most_pixels = std::uint64_t{1} << 27U;

/// The picture in a JPEG, PNG or BMP file, told apart by its content. A JPEG is turned as its EXIF
/// orientation says, and CMYK becomes red, green and blue as in OpenCV; one with a fault that
/// leaves all pixels in place has a warning. What is transparent in a PNG lies on white, of 16 bits
/// a channel the upper 8 are taken, and neither gamma nor colour profiles change a number.
///
/// Throws: config_error with `name`, what was found and what is accepted.
picture read_picture(std::span<const std::byte> bytes, const std::string& name);

/// The same of the file at `path`.
picture read_picture_file(const std::filesystem::path& path);

/// The bytes of the file at `path`, which may be a picture.
///
/// Throws: config_error if it can't be read, or is larger than 1 GiB.
std::vector<std::byte> read_picture_bytes(const std::filesystem::path& path);

}  // namespace rankwise::images
