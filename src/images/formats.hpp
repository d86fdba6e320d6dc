// SPDX-License-Identifier: MIT
#pragma once

#include "images/picture.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace rankwise::images {

// One reader for each format; see read_picture.
picture read_bmp(std::span<const std::byte> bytes, const std::string& name);
picture read_jpeg(std::span<const std::byte> bytes, const std::string& name);
picture read_png(std::span<const std::byte> bytes, const std::string& name);

/// A picture of that size, black.
///
/// Throws: config_error if it has no pixels, or more than most_pixels.
picture blank_picture(std::uint64_t width, std::uint64_t height, const std::string& name);

/// How a picture lies in its file, from 1 (as it is) to 8. Source: the tag Orientation (0x0112) of
/// TIFF 6.0 and EXIF 2.3.
///
/// The orientation that a JPEG's EXIF segment tells; 1 where it tells none.
int exif_orientation(std::span<const std::byte> jpeg);

/// The picture as it is to be seen.
picture turned(const picture& stored, int orientation);

}  // namespace rankwise::images
