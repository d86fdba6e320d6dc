// SPDX-License-Identifier: MIT
#include "inference/model/model_maker.hpp"

#include <rankwise/random.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace rankwise::inference {

namespace {

/// Channels are a multiple of 8, and not below nine tenths of what was wanted.
std::uint32_t rounded_channels(double wanted) {
  constexpr double divisor = 8;
  constexpr double least_share = 0.9;
  double rounded = std::max(divisor, std::floor((wanted + divisor / 2) / divisor) * divisor);
  if (rounded < least_share * wanted) rounded += divisor;
  return static_cast<std::uint32_t>(rounded);
}

/// Adds one operator after the other.
class model_maker {
 public:
  explicit model_maker(std::uint64_t seed) : seed_(seed) {}

  std::uint32_t add_value(const std::string& name, std::vector<std::uint64_t> shape) {
    made_.values.push_back({name, std::move(shape)});
    return static_cast<std::uint32_t>(made_.values.size() - 1);
  }

  /// A convolution with pads as Keras has them; `is_limited`: to 0 to 6, what follows it in Keras.
  std::uint32_t convolve(std::uint32_t from,
                         const std::string& name,
                         std::uint32_t n_outputs,
                         std::uint32_t kernel,
                         std::uint32_t stride,
                         bool is_depthwise,
                         bool is_limited) {
    const std::vector<std::uint64_t> in = made_.values[from].shape;
    convolution what;
    window& over = what.over;
    over.kernel_height = over.kernel_width = kernel;
    over.stride_height = over.stride_width = stride;
    what.groups = is_depthwise ? n_outputs : 1;
    bool is_uneven = false;
    if (kernel == 3) {
      // An even picture is padded at the end alone where the stride is 2.
      const auto before = [&](std::uint64_t size) {
        return static_cast<std::uint32_t>(stride == 2 && size % 2 == 0 ? 0 : 1);
      };
      over.pad_top = before(in[2]);
      over.pad_left = before(in[3]);
      over.pad_bottom = over.pad_right = 1;
      is_uneven = over.pad_top == 0 || over.pad_left == 0;
    }
    const auto size = [&](std::uint64_t before, std::uint32_t pads) {
      return (before + pads - kernel) / stride + 1;
    };
    operator_node node;
    node.name = name;
    node.what = what;
    node.inputs = {from};
    node.output = add_value(name + "/out",
                            {1,
                             n_outputs,
                             size(in[2], over.pad_top + over.pad_bottom),
                             size(in[3], over.pad_left + over.pad_right)});
    const std::uint64_t per_output = is_depthwise ? 1 : in[1];
    const double gain = is_limited ? 6 : 3;  // He's where half of it is cut off
    node.weights = add_weight(name + "/weights",
                              {n_outputs, per_output, kernel, kernel},
                              std::sqrt(gain / static_cast<double>(per_output * kernel * kernel)));
    node.bias = add_weight(name + "/bias", {n_outputs}, 0.01);
    if (is_limited) {
      node.low = 0;
      node.high = 6;
    }
    node.keras_layers = 2U + (is_limited ? 1U : 0U) + (is_uneven ? 1U : 0U);
    return add(std::move(node));
  }

  std::uint32_t add_simple(const std::string& name,
                           operation what,
                           std::vector<std::uint32_t> inputs,
                           std::vector<std::uint64_t> shape,
                           std::uint32_t keras_layers) {
    operator_node node;
    node.name = name;
    node.what = std::move(what);
    node.inputs = std::move(inputs);
    node.output = add_value(name + "/out", std::move(shape));
    node.keras_layers = keras_layers;
    return add(std::move(node));
  }

  std::uint32_t connect(std::uint32_t from, const std::string& name, std::uint32_t n_outputs) {
    const std::uint64_t n_inputs = made_.values[from].shape[1];
    operator_node node;
    node.name = name;
    node.what = fully_connected{};
    node.inputs = {from};
    node.output = add_value(name + "/out", {1, n_outputs});
    node.weights = add_weight(
        name + "/weights", {n_outputs, n_inputs}, std::sqrt(3.0 / static_cast<double>(n_inputs)));
    node.bias = add_weight(name + "/bias", {n_outputs}, 0.01);
    return add(std::move(node));
  }

  const std::vector<std::uint64_t>& shape(std::uint32_t value) const {
    return made_.values[value].shape;
  }

  graph finish(std::uint32_t input, std::uint32_t output) && {
    made_.inputs = {input};
    made_.outputs = {output};
    ++made_.operators.front().keras_layers;  // the layer that takes the picture
    return std::move(made_);
  }

 private:
  std::uint32_t add(operator_node node) {
    made_.operators.push_back(std::move(node));
    return made_.operators.back().output;
  }

  /// Evenly from -limit to limit.
  std::uint32_t add_weight(const std::string& name,
                           std::vector<std::uint64_t> shape,
                           double limit) {
    random_stream random(seed_, made_.weights.size());
    std::vector<float> data(n_elements(shape));
    for (float& one : data) {
      const double unit = static_cast<double>(random()) * 0x1p-31 - 1;
      one = static_cast<float>(unit * limit);
    }
    made_.weights.push_back({name, std::move(shape), std::move(data)});
    return static_cast<std::uint32_t>(made_.weights.size() - 1);
  }

  graph made_;
  std::uint64_t seed_;
};

/// Blocks of one kind in a row.
struct block_row {
  std::uint32_t expansion;
  std::uint32_t n_channels;
  std::uint32_t n_blocks;
  std::uint32_t stride;  // of the first
};

constexpr std::array<block_row, 7> block_rows{{{1, 16, 1, 1},
                                               {6, 24, 2, 2},
                                               {6, 32, 3, 2},
                                               {6, 64, 4, 2},
                                               {6, 96, 3, 1},
                                               {6, 160, 3, 2},
                                               {6, 320, 1, 1}}};

}  // namespace

graph make_mobilenet_v2(const model_options& how) {
  model_maker maker(how.seed);
  const std::uint32_t input = maker.add_value("input", {1, 3, how.size, how.size});
  std::uint32_t at =
      maker.convolve(input, "first", rounded_channels(32 * how.width), 3, 2, false, true);
  int number = 0;
  for (const block_row& row : block_rows) {
    const std::uint32_t n_channels = rounded_channels(row.n_channels * how.width);
    for (std::uint32_t i = 0; i < row.n_blocks; ++i) {
      const std::string name = fmt::format("block{}", number++);
      const std::uint32_t stride = i == 0 ? row.stride : 1;
      const std::uint32_t begin = at;
      auto n_inner = static_cast<std::uint32_t>(maker.shape(at)[1]);
      if (row.expansion != 1) {
        n_inner *= row.expansion;
        at = maker.convolve(at, name + "/expand", n_inner, 1, 1, false, true);
      }
      at = maker.convolve(at, name + "/depthwise", n_inner, 3, stride, true, true);
      at = maker.convolve(at, name + "/project", n_channels, 1, 1, false, false);
      if (stride == 1 && maker.shape(begin)[1] == n_channels)
        at = maker.add_simple(name + "/add", addition{}, {begin, at}, maker.shape(at), 1);
    }
  }
  const std::uint32_t n_last = rounded_channels(1280 * std::max(1.0, how.width));
  at = maker.convolve(at, "last", n_last, 1, 1, false, true);
  at = maker.add_simple("pool", global_average_pooling{}, {at}, {1, n_last}, 1);
  at = maker.connect(at, "classes", how.n_classes);
  at = maker.add_simple("prob", softmax{}, {at}, {1, how.n_classes}, 0);
  return std::move(maker).finish(input, at);
}

}  // namespace rankwise::inference
