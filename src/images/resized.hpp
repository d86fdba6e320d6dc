// SPDX-License-Identifier: MIT
#pragma once

#include "images/picture.hpp"

#include <cstdint>

namespace rankwise::images {

/// The whole picture in another size, bilinear: a new pixel is the mean of those around its place,
/// weighted by a triangle as wide as two of the larger pixels, the new or the old ones, so that
/// nothing is skipped where the picture becomes smaller. Pixels have their centres at halves. Whole
/// numbers throughout: the same bits on every machine.
///
/// Shapes: both sizes are at least 1. Source: the triangle filter of Heckbert's zoom (1989), which
/// is Pillow's BILINEAR and TensorFlow's resize with antialias.
picture resized(const picture& whole, std::uint32_t width, std::uint32_t height);

}  // namespace rankwise::images
