// SPDX-License-Identifier: MIT
#pragma once

#include "inference/graph.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace rankwise::test {

/// Builds small models for tests, with random weights.
class graph_maker {
 public:
  explicit graph_maker(std::uint32_t seed) : random_(seed) {}

  std::uint32_t number(std::uint32_t least, std::uint32_t most) {
    return least + static_cast<std::uint32_t>(random_()) % (most - least + 1);
  }

  bool coin() { return number(0, 1) == 1; }

  float real() { return static_cast<float>(number(0, 2000)) / 1000.0F - 1.0F; }

  std::uint32_t input(std::vector<std::uint64_t> shape) {
    const std::uint32_t made = value(std::move(shape));
    graph_.inputs.push_back(made);
    return made;
  }

  std::uint32_t add(inference::operation what,
                    std::vector<std::uint32_t> inputs,
                    std::vector<std::uint64_t> shape) {
    inference::operator_node node;
    node.name = "op" + std::to_string(graph_.operators.size());
    node.what = std::move(what);
    node.inputs = std::move(inputs);
    node.output = value(std::move(shape));
    graph_.operators.push_back(std::move(node));
    return graph_.operators.back().output;
  }

  /// A convolution with these weights; pads may differ on all sides.
  std::uint32_t convolve(std::uint32_t from,
                         std::uint32_t n_outputs,
                         const inference::window& over,
                         std::uint32_t groups) {
    const std::vector<std::uint64_t> in = shape(from);
    const std::uint32_t made =
        add(inference::convolution{over, groups}, {from}, slid(over, in, n_outputs));
    inference::operator_node& node = graph_.operators.back();
    node.weights = weight({n_outputs, in[1] / groups, over.kernel_height, over.kernel_width});
    node.bias = weight({n_outputs});
    return made;
  }

  std::uint32_t connect(std::uint32_t from, std::uint32_t n_outputs, bool has_bias) {
    const std::uint64_t n_inputs = shape(from)[1];
    const std::uint32_t made = add(inference::fully_connected{}, {from}, {1, n_outputs});
    graph_.operators.back().weights = weight({n_outputs, n_inputs});
    if (has_bias) graph_.operators.back().bias = weight({n_outputs});
    return made;
  }

  /// Limits of the operator that was added last.
  void clamp(float low, float high) {
    graph_.operators.back().low = low;
    graph_.operators.back().high = high;
  }

  const std::vector<std::uint64_t>& shape(std::uint32_t value) const {
    return graph_.values[value].shape;
  }

  /// The shape of what a window over an image gives.
  static std::vector<std::uint64_t> slid(const inference::window& over,
                                         const std::vector<std::uint64_t>& in,
                                         std::uint64_t n_channels) {
    const auto size = [](std::uint64_t n,
                         std::uint64_t pads,
                         std::uint64_t extent,
                         std::uint64_t stride,
                         std::uint64_t dilation) {
      return (n + pads - (extent - 1) * dilation - 1) / stride + 1;
    };
    return {1,
            n_channels,
            size(in[2],
                 std::uint64_t{over.pad_top} + over.pad_bottom,
                 over.kernel_height,
                 over.stride_height,
                 over.dilation_height),
            size(in[3],
                 std::uint64_t{over.pad_left} + over.pad_right,
                 over.kernel_width,
                 over.stride_width,
                 over.dilation_width)};
  }

  /// A window that fits over an image of this size, with pads smaller than its reach.
  inference::window some_window(std::uint64_t height, std::uint64_t width, bool is_dilated) {
    inference::window over;
    const auto one = [&](std::uint64_t size,
                         std::uint32_t& kernel,
                         std::uint32_t& stride,
                         std::uint32_t& dilation,
                         std::uint32_t& before,
                         std::uint32_t& after) {
      kernel = number(1, 3);
      stride = number(1, 3);
      dilation = is_dilated ? number(1, 2) : 1;
      if ((kernel - 1) * dilation + 1 > size) kernel = 1;
      const std::uint32_t reach = (kernel - 1) * dilation + 1;
      before = number(0, reach - 1);
      after = number(0, reach - 1);
    };
    one(height,
        over.kernel_height,
        over.stride_height,
        over.dilation_height,
        over.pad_top,
        over.pad_bottom);
    one(width,
        over.kernel_width,
        over.stride_width,
        over.dilation_width,
        over.pad_left,
        over.pad_right);
    return over;
  }

  inference::graph finish(std::vector<std::uint32_t> outputs) && {
    graph_.outputs = std::move(outputs);
    return std::move(graph_);
  }

  /// Outputs are all values that no operator takes.
  inference::graph finish() && {
    std::vector<bool> is_taken(graph_.values.size());
    for (const inference::operator_node& node : graph_.operators) {
      for (const std::uint32_t input : node.inputs) is_taken[input] = true;
    }
    for (const inference::operator_node& node : graph_.operators) {
      if (!is_taken[node.output]) graph_.outputs.push_back(node.output);
    }
    return std::move(graph_);
  }

  std::vector<float> numbers(std::size_t n) {
    std::vector<float> all(n);
    for (float& one : all) one = real();
    return all;
  }

 private:
  std::uint32_t value(std::vector<std::uint64_t> shape) {
    graph_.values.push_back({"v" + std::to_string(graph_.values.size()), std::move(shape)});
    return static_cast<std::uint32_t>(graph_.values.size() - 1);
  }

  std::uint32_t weight(std::vector<std::uint64_t> shape) {
    const std::size_t n = inference::n_elements(shape);
    graph_.weights.push_back(
        {"w" + std::to_string(graph_.weights.size()), std::move(shape), numbers(n)});
    return static_cast<std::uint32_t>(graph_.weights.size() - 1);
  }

  std::mt19937 random_;
  inference::graph graph_;
};

/// What random models are made of.
enum class graph_parts : std::uint8_t {
  as_read,  ///< what is read back from ONNX as it was written
  all       ///< transpositions, pads and windows past them too, which readers make part of others
};

/// A model of a random shape: convolutions of all kinds, pooling, sums and concatenations of what
/// came before, then perhaps rows.
inline inference::graph random_graph(std::uint32_t seed, graph_parts parts = graph_parts::as_read) {
  graph_maker make(seed);
  std::vector<std::uint32_t> images{
      make.input({1, make.number(1, 9), make.number(3, 12), make.number(3, 12)})};
  const std::uint32_t n_steps = make.number(2, 12);
  for (std::uint32_t step = 0; step < n_steps; ++step) {
    const std::uint32_t from = images[make.number(
        static_cast<std::uint32_t>(images.size()) - 1 - make.number(0, images.size() > 1 ? 1 : 0),
        static_cast<std::uint32_t>(images.size()) - 1)];
    const std::vector<std::uint64_t> in = make.shape(from);
    const auto n_channels = static_cast<std::uint32_t>(in[1]);
    switch (make.number(0, parts == graph_parts::all ? 10 : 7)) {
      case 0:
      case 1: {
        images.push_back(
            make.convolve(from, make.number(1, 12), make.some_window(in[2], in[3], true), 1));
        if (make.coin()) make.clamp(-0.5F, 1.5F);
        break;
      }
      case 2:
        images.push_back(
            make.convolve(from, n_channels, make.some_window(in[2], in[3], true), n_channels));
        break;
      case 3:
        if (n_channels % 2 != 0) break;
        images.push_back(
            make.convolve(from, 2 * make.number(1, 5), make.some_window(in[2], in[3], false), 2));
        break;
      case 4: {
        const inference::window over = make.some_window(in[2], in[3], make.coin());
        images.push_back(make.add(
            inference::max_pooling{over}, {from}, graph_maker::slid(over, in, n_channels)));
        break;
      }
      case 5: {
        const inference::window over = make.some_window(in[2], in[3], false);
        images.push_back(make.add(inference::average_pooling{over, make.coin()},
                                  {from},
                                  graph_maker::slid(over, in, n_channels)));
        break;
      }
      case 6: {
        // Beside it another of the same shape.
        const std::uint32_t other = make.convolve(from, n_channels, {}, 1);
        images.push_back(make.add(inference::addition{}, {from, other}, in));
        if (make.coin()) make.clamp(0, 6);
        break;
      }
      case 8: {
        std::vector<std::uint32_t> order{1, 2, 3};
        for (std::uint32_t i = 2; i > 0; --i) std::swap(order[i], order[make.number(0, i)]);
        order.insert(order.begin(), 0);
        std::vector<std::uint64_t> shape;
        for (const std::uint32_t dimension : order) shape.push_back(in[dimension]);
        images.push_back(make.add(inference::transposition{order}, {from}, shape));
        break;
      }
      case 9: {
        inference::padding pads{.pad_top = make.number(0, 2),
                                .pad_left = make.number(0, 2),
                                .pad_bottom = make.number(0, 2),
                                .pad_right = make.number(1, 2),
                                .number = make.coin() ? 0 : make.real()};
        if (make.coin()) pads.channels_before = make.number(0, 2);
        if (make.coin()) pads.channels_behind = make.number(0, 2);
        images.push_back(make.add(pads,
                                  {from},
                                  {1,
                                   in[1] + pads.channels_before + pads.channels_behind,
                                   in[2] + pads.pad_top + pads.pad_bottom,
                                   in[3] + pads.pad_left + pads.pad_right}));
        break;
      }
      case 10: {
        // A last window that reaches past the pads, but begins over the image.
        inference::window over = make.some_window(in[2], in[3], false);
        over.kernel_height = 1;
        over.stride_height = 1;
        over.pad_top = over.pad_bottom = 0;
        over.kernel_width = static_cast<std::uint32_t>(std::min<std::uint64_t>(2, in[3]));
        over.stride_width = 3;
        over.pad_left = std::min(over.pad_left, over.kernel_width - 1);
        over.pad_right = 0;
        std::vector<std::uint64_t> out = graph_maker::slid(over, in, n_channels);
        const std::uint64_t padded = in[3] + over.pad_left;
        if ((padded - over.kernel_width) % 3 != 0 && out[3] * 3 < padded) ++out[3];
        inference::operation what = inference::average_pooling{over, make.coin()};
        if (make.coin()) what = inference::max_pooling{over};
        images.push_back(make.add(what, {from}, out));
        break;
      }
      default: {
        const std::uint32_t other = make.convolve(from, make.number(1, 6), {}, 1);
        std::vector<std::uint64_t> shape = in;
        shape[1] = 2 * in[1] + make.shape(other)[1];
        images.push_back(make.add(inference::concatenation{}, {from, other, from}, shape));
        break;
      }
    }
  }
  std::uint32_t last = images.back();
  if (images.size() == 1) last = make.convolve(last, 3, {}, 1);
  if (make.coin()) return std::move(make).finish();
  const std::vector<std::uint64_t> in = make.shape(last);
  if (make.coin()) {
    last = make.add(inference::global_average_pooling{}, {last}, {1, in[1]});
  } else {
    last = make.add(inference::reshape{}, {last}, {1, in[1] * in[2] * in[3]});
  }
  last = make.connect(last, make.number(2, 10), make.coin());
  if (make.coin()) last = make.add(inference::softmax{}, {last}, make.shape(last));
  return std::move(make).finish();
}

}  // namespace rankwise::test
