// SPDX-License-Identifier: MIT
#pragma once

#include "inference/graph.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace rankwise::inference {

/// Height, width and channels of a value; a row is an image of one pixel.
struct image_shape {
  std::size_t height = 1;
  std::size_t width = 1;
  std::size_t channels = 1;

  std::size_t n_pixels() const { return height * width; }

  std::size_t n() const { return n_pixels() * channels; }
};

inline image_shape shape_of(const value_info& value) {
  if (value.shape.size() == 4) return {value.shape[2], value.shape[3], value.shape[1]};
  return {1, 1, n_elements(value.shape)};
}

/// What XNNPACK has no operator for, or none that does quite this; images lie channels last.
namespace plain {

/// Calls `use(channel, float)` for what lies under the window of each output pixel.
template <class Begin, class Use, class End>
void slide(const window& over,
           const image_shape& in,
           const image_shape& out,
           const float* input,
           Begin begin,
           Use use,
           End end) {
  const auto limit = [](std::size_t size) { return static_cast<std::ptrdiff_t>(size); };
  for (std::size_t y = 0; y < out.height; ++y) {
    for (std::size_t x = 0; x < out.width; ++x) {
      begin();
      for (std::uint32_t i = 0; i < over.kernel_height; ++i) {
        const std::ptrdiff_t from_y =
            limit(y * over.stride_height + i * over.dilation_height) - limit(over.pad_top);
        if (from_y < 0 || from_y >= limit(in.height)) continue;
        for (std::uint32_t j = 0; j < over.kernel_width; ++j) {
          const std::ptrdiff_t from_x =
              limit(x * over.stride_width + j * over.dilation_width) - limit(over.pad_left);
          if (from_x < 0 || from_x >= limit(in.width)) continue;
          use(input +
              (static_cast<std::size_t>(from_y) * in.width + static_cast<std::size_t>(from_x)) *
                  in.channels);
        }
      }
      end((y * out.width + x) * out.channels);
    }
  }
}

inline void average(const average_pooling& what,
                    const image_shape& in,
                    const image_shape& out,
                    const float* input,
                    float* output) {
  std::vector<float> sums(in.channels);
  std::size_t n = 0;
  slide(
      what.over,
      in,
      out,
      input,
      [&] {
        std::fill(sums.begin(), sums.end(), 0.0F);
        n = 0;
      },
      [&](const float* pixel) {
        ++n;
        for (std::size_t c = 0; c < in.channels; ++c) sums[c] += pixel[c];
      },
      [&](std::size_t at) {
        const std::size_t whole = std::size_t{what.over.kernel_height} * what.over.kernel_width;
        const float count =
            static_cast<float>(what.counts_pads ? whole : std::max(n, std::size_t{1}));
        for (std::size_t c = 0; c < in.channels; ++c) output[at + c] = sums[c] / count;
      });
}

inline void maximum(const max_pooling& what,
                    const image_shape& in,
                    const image_shape& out,
                    const float* input,
                    float* output) {
  std::vector<float> most(in.channels);
  slide(
      what.over,
      in,
      out,
      input,
      [&] { std::fill(most.begin(), most.end(), -std::numeric_limits<float>::infinity()); },
      [&](const float* pixel) {
        for (std::size_t c = 0; c < in.channels; ++c) most[c] = std::max(most[c], pixel[c]);
      },
      [&](std::size_t at) { std::copy(most.begin(), most.end(), output + at); });
}

/// Puts an image with channels last into ONNX's order, or (with the shapes exchanged) back.
inline void channels_first(const image_shape& image, const float* input, float* output) {
  for (std::size_t pixel = 0; pixel < image.n_pixels(); ++pixel) {
    for (std::size_t c = 0; c < image.channels; ++c)
      output[c * image.n_pixels() + pixel] = input[pixel * image.channels + c];
  }
}

inline void channels_last(const image_shape& image, const float* input, float* output) {
  for (std::size_t pixel = 0; pixel < image.n_pixels(); ++pixel) {
    for (std::size_t c = 0; c < image.channels; ++c)
      output[pixel * image.channels + c] = input[c * image.n_pixels() + pixel];
  }
}

inline void clamp(float low, float high, const float* input, std::span<float> output) {
  for (std::size_t i = 0; i < output.size(); ++i) output[i] = std::clamp(input[i], low, high);
}

}  // namespace plain
}  // namespace rankwise::inference
