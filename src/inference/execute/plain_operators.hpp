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

/// Places of a window that lie in [begin, end), where the first is at `at`.
inline std::size_t n_within(std::ptrdiff_t at,
                            std::uint32_t extent,
                            std::uint32_t dilation,
                            std::ptrdiff_t begin,
                            std::ptrdiff_t end) {
  std::size_t n = 0;
  for (std::uint32_t i = 0; i < extent; ++i, at += dilation) n += at >= begin && at < end ? 1U : 0U;
  return n;
}

/// What each window is divided by where pads count: its places over the image and its pads.
inline std::vector<std::size_t> places_with_pads(std::size_t size,
                                                 std::size_t n_out,
                                                 std::uint32_t extent,
                                                 std::uint32_t stride,
                                                 std::uint32_t dilation,
                                                 std::uint32_t before,
                                                 std::uint32_t behind) {
  std::vector<std::size_t> all;
  for (std::size_t out = 0; out < n_out; ++out)
    all.push_back(n_within(static_cast<std::ptrdiff_t>(out * stride) - before,
                           extent,
                           dilation,
                           -static_cast<std::ptrdiff_t>(before),
                           static_cast<std::ptrdiff_t>(size + behind)));
  return all;
}

inline void average(const average_pooling& what,
                    const image_shape& in,
                    const image_shape& out,
                    const float* input,
                    float* output) {
  const window& over = what.over;
  const std::vector<std::size_t> rows = places_with_pads(in.height,
                                                         out.height,
                                                         over.kernel_height,
                                                         over.stride_height,
                                                         over.dilation_height,
                                                         over.pad_top,
                                                         over.pad_bottom);
  const std::vector<std::size_t> columns = places_with_pads(in.width,
                                                            out.width,
                                                            over.kernel_width,
                                                            over.stride_width,
                                                            over.dilation_width,
                                                            over.pad_left,
                                                            over.pad_right);
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
        const std::size_t pixel = at / in.channels;
        const std::size_t with_pads = rows[pixel / out.width] * columns[pixel % out.width];
        const float count =
            static_cast<float>(std::max(what.counts_pads ? with_pads : n, std::size_t{1}));
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

/// Steps in memory from one place of each dimension of a value to the next.
inline std::vector<std::size_t> strides_of(const std::vector<std::uint64_t>& shape) {
  if (shape.size() == 4) return {0, 1, shape[3] * shape[1], shape[1]};
  std::vector<std::size_t> strides(shape.size(), 1);
  for (std::size_t i = shape.size(); i-- > 1;) strides[i - 1] = strides[i] * shape[i];
  return strides;
}

/// A transposition, made ready: two steps in memory for each dimension that has more than one
/// place.
class dimension_walk {
 public:
  dimension_walk(const std::vector<std::uint64_t>& in,
                 const std::vector<std::uint64_t>& out,
                 const std::vector<std::uint32_t>& order) {
    const std::vector<std::size_t> from = strides_of(in);
    const std::vector<std::size_t> to = strides_of(out);
    for (std::size_t i = 0; i < out.size(); ++i) {
      if (out[i] != 1) steps_.push_back({out[i], from[order[i]], to[i]});
    }
    std::sort(steps_.begin(), steps_.end(), [](const step& left, const step& right) {
      return left.to > right.to;  // writes in a row
    });
  }

  void operator()(const float* input, float* output) const { copy(0, input, output); }

 private:
  struct step {
    std::size_t n = 1;
    std::size_t from = 0;
    std::size_t to = 0;
  };

  void copy(std::size_t depth, const float* input, float* output) const {
    if (depth == steps_.size()) {
      *output = *input;
      return;
    }
    const step& here = steps_[depth];
    for (std::size_t i = 0; i < here.n; ++i)
      copy(depth + 1, input + i * here.from, output + i * here.to);
  }

  std::vector<step> steps_;
};

inline void pad(const padding& what,
                const image_shape& in,
                const image_shape& out,
                const float* input,
                float* output) {
  std::fill_n(output, out.n(), what.number);
  for (std::size_t y = 0; y < in.height; ++y) {
    for (std::size_t x = 0; x < in.width; ++x) {
      const std::size_t pixel = (y + what.pad_top) * out.width + x + what.pad_left;
      std::copy_n(input + (y * in.width + x) * in.channels,
                  in.channels,
                  output + pixel * out.channels + what.channels_before);
    }
  }
}

inline void clamp(float low, float high, const float* input, std::span<float> output) {
  for (std::size_t i = 0; i < output.size(); ++i) output[i] = std::clamp(input[i], low, high);
}

}  // namespace plain
}  // namespace rankwise::inference
