// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <variant>
#include <vector>

namespace rankwise::inference {

/// A tensor that operators hand on. What has four dimensions is an image, [1, channels, height,
/// width] as in ONNX; on the way between operators and ranks its bytes lie channels last. All else
/// lies as in ONNX: the last dimension runs fastest.
struct value_info {
  std::string name;
  std::vector<std::uint64_t> shape;
};

/// A constant of the model.
struct weight {
  std::string name;
  std::vector<std::uint64_t> shape;
  std::vector<float> data;  ///< as in ONNX: the last dimension runs fastest
};

/// Where a window lies over an image.
struct window {
  std::uint32_t kernel_height = 1;
  std::uint32_t kernel_width = 1;
  std::uint32_t stride_height = 1;
  std::uint32_t stride_width = 1;
  std::uint32_t dilation_height = 1;
  std::uint32_t dilation_width = 1;
  std::uint32_t pad_top = 0;
  std::uint32_t pad_left = 0;
  std::uint32_t pad_bottom = 0;
  std::uint32_t pad_right = 0;
};

/// Weights are [output channels, input channels / groups, kernel height, kernel width], the bias
/// [output channels].
struct convolution {
  window over;
  std::uint32_t groups = 1;
};

/// What a window covers besides the image is never the maximum; the last one may reach past the
/// pads, where the output says that there is such a window.
struct max_pooling {
  window over;
};

/// The mean of each window; pads count as zeros where `counts_pads`. What the last window covers
/// past the pads does not count.
struct average_pooling {
  window over;
  bool counts_pads = false;
};

/// The mean of each channel; its output is [1, channels, 1, 1], or [1, channels].
struct global_average_pooling {};

/// The sum of two values of one shape.
struct addition {};

/// Two or more values one after the other along their channels (dimension 1).
struct concatenation {};

/// Weights are [outputs, inputs], the bias [outputs].
struct fully_connected {};

/// The same numbers, in the order of ONNX, in the shape of the output.
struct reshape {};

/// The same numbers with their dimensions in another order: dimension i of the output is dimension
/// `order[i]` of the input.
struct transposition {
  std::vector<std::uint32_t> order;
};

/// An image, or a row as one pixel, with more pixels around it and more channels before and behind
/// its own, each of which is `number`.
struct padding {
  std::uint32_t pad_top = 0;
  std::uint32_t pad_left = 0;
  std::uint32_t pad_bottom = 0;
  std::uint32_t pad_right = 0;
  std::uint32_t channels_before = 0;
  std::uint32_t channels_behind = 0;
  float number = 0;
};

/// Over all numbers of the value.
struct softmax {};

/// Nothing but the limits of its operator_node.
struct clamping {};

using operation = std::variant<convolution,
                               max_pooling,
                               average_pooling,
                               global_average_pooling,
                               addition,
                               concatenation,
                               fully_connected,
                               reshape,
                               softmax,
                               clamping,
                               transposition,
                               padding>;

inline constexpr std::uint32_t no_weight = std::numeric_limits<std::uint32_t>::max();

/// One step of a model. What ONNX writes as several nodes (a convolution, its batch normalization
/// and its Clip) is one.
struct operator_node {
  std::string name;  ///< of the ONNX node that it begins with
  operation what;
  std::vector<std::uint32_t> inputs;  ///< places in `graph::values`
  std::uint32_t output = 0;
  std::uint32_t weights = no_weight;  ///< places in `graph::weights`
  std::uint32_t bias = no_weight;
  float low = -std::numeric_limits<float>::infinity();  ///< the output is clamped to [low, high]
  float high = std::numeric_limits<float>::infinity();
  std::uint32_t keras_layers = 1;  ///< of the ONNX nodes that it stands for, see layer_cuts.hpp
};

/// A model, or some of its operators in a row.
struct graph {
  std::vector<value_info> values;
  std::vector<weight> weights;
  std::vector<operator_node> operators;  ///< each after those whose outputs it takes
  std::vector<std::uint32_t> inputs;     ///< values that come from outside
  std::vector<std::uint32_t> outputs;    ///< values that are wanted
};

inline std::uint64_t n_elements(const std::vector<std::uint64_t>& shape) {
  std::uint64_t n = 1;
  for (const std::uint64_t size : shape) n *= size;
  return n;
}

inline std::uint64_t n_bytes(const value_info& value) {
  return n_elements(value.shape) * sizeof(float);
}

}  // namespace rankwise::inference
