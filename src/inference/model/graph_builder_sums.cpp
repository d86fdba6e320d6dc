// SPDX-License-Identifier: MIT
// The nodes of graph_builder that add, subtract, multiply and divide: two values, or a value and a
// constant for each channel.
#include "inference/model/graph_builder.hpp"
#include "inference/model/shape_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <utility>

namespace rankwise::inference {

namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

/// Whether a scale and a shift of each output may become part of its weights.
bool takes_scale(const operator_node& node) {
  return (std::holds_alternative<convolution>(node.what) ||
          std::holds_alternative<fully_connected>(node.what)) &&
         node.low == -infinity && node.high == infinity;
}

}  // namespace

graph_builder::channel_dimension graph_builder::channels_of(const onnx_node& node,
                                                            int place) const {
  const std::vector<std::uint64_t>& of = made_.values[look(node, place).value].shape;
  const auto is_more = [](std::uint64_t size) { return size != 1; };
  const auto n_large = std::count_if(of.begin(), of.end(), is_more);
  if (n_large == 1) {  // a row, whatever its dimensions
    const auto at = std::find_if(of.begin(), of.end(), is_more);
    return {static_cast<std::size_t>(at - of.begin()), *at};
  }
  if (of.size() == 4) return {1, of[1]};
  if (n_large == 0) return {of.empty() ? 0 : of.size() - 1, 1};
  node.refuse(fmt::format("input {} of shape {}", place, text_of(of)),
              "an image [1, channels, height, width], or a row");
}

std::vector<float> graph_builder::by_channel(const onnx_node& node, int place) const {
  const int other = 1 - place;
  const channel_dimension along = channels_of(node, other);
  const std::vector<std::uint64_t> in = shape(node, other);
  const dimension_order& order = look(node, other).order;
  const constant_tensor& each = *constant(node, place);
  bool fits = each.shape.size() <= in.size() && each.numbers.empty();
  for (std::size_t i = 0; fits && i < each.shape.size(); ++i) {
    const std::size_t axis = in.size() - each.shape.size() + i;
    const std::size_t dimension = order.empty() ? axis : order[axis];
    fits = each.shape[i] == 1 || (dimension == along.dimension && each.shape[i] == along.n);
  }
  if (!fits)
    node.refuse(fmt::format("a constant of shape {} for {}", text_of(each.shape), text_of(in)),
                along.n == 1 ? std::string("one float")
                             : fmt::format("one float, or {} along the channels", along.n));
  std::vector<float> all(along.n);
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = each.floats[i % each.floats.size()];
  return all;
}

void graph_builder::scale_channels(const onnx_node& node,
                                   int place,
                                   const std::vector<float>& scale,
                                   const std::vector<float>& shift,
                                   std::uint32_t keras_layers) {
  const view from = look(node, place);
  operator_node* const before = sole_producer(node, place);
  if (before != nullptr && takes_scale(*before) &&
      made_.weights[before->weights].shape[0] == scale.size()) {
    if (before->bias == no_weight)
      before->bias = new_weight(
          node.name() + " shift", {scale.size()}, std::vector<float>(scale.size(), 0.0F));
    std::vector<float>& kernel = made_.weights[before->weights].data;
    std::vector<float>& bias = made_.weights[before->bias].data;
    const std::size_t n_each = kernel.size() / bias.size();
    for (std::size_t c = 0; c < bias.size(); ++c) {
      for (std::size_t i = 0; i < n_each; ++i) kernel[c * n_each + i] *= scale[c];
      bias[c] = bias[c] * scale[c] + shift[c];
    }
    absorb(node, *before, from.order);
    return;
  }
  // A convolution of each channel by itself; a row is an image of one pixel.
  const std::vector<std::uint64_t> in = made_.values[from.value].shape;
  const std::uint64_t n = scale.size();
  const std::vector<std::uint64_t> pixel{1, n, 1, 1};
  const bool is_row = n_elements(in) == n && in != pixel;
  std::uint32_t source = from.value;
  if (is_row) source = append(node, reshape{}, {source}, pixel, 0).output;
  convolution each;
  each.groups = static_cast<std::uint32_t>(n);
  operator_node& made = append(node, each, {source}, is_row ? pixel : in, keras_layers);
  made.weights = new_weight(node.name() + " scale", {n, 1, 1, 1}, scale);
  made.bias = new_weight(node.name() + " shift", {n}, shift);
  if (is_row) {
    add_operator(node, reshape{}, {made.output}, in, 0, from.order);
  } else {
    absorb(node, made, from.order);
  }
}

void graph_builder::add_batch_normalization(const onnx_node& node) {
  if (node.number("training_mode", 0) != 0) node.refuse("training_mode 1", "0");
  if (node.number("spatial", 1) != 1) node.refuse("spatial 0", "1");
  value(node, 0);
  const std::vector<std::uint64_t> in = shape(node, 0);
  if (in.size() != 4 && in.size() != 2)
    node.refuse(fmt::format("input 0 of shape {}", text_of(in)),
                "an image [1, channels, height, width], or a row [1, n]");
  const std::uint64_t n = in[1];
  const std::vector<float>& gamma = floats(node, 1, n);
  const std::vector<float>& beta = floats(node, 2, n);
  const std::vector<float>& mean = floats(node, 3, n);
  const std::vector<float>& variance = floats(node, 4, n);
  const double epsilon = node.real("epsilon", 1e-5F);
  // Of one channel there may be several pixels in a row.
  const std::uint64_t n_along = channels_of(node, 0).n;
  if (n != 1 && n != n_along)
    node.refuse(fmt::format("input 0 of shape {}", text_of(in)), "a batch of 1");
  std::vector<float> scale(n_along);
  std::vector<float> shift(n_along);
  for (std::size_t i = 0; i < n_along; ++i) {
    const std::size_t c = i % n;
    const double spread = double{variance[c]} + epsilon;
    if (!(spread > 0)) node.refuse(fmt::format("a variance of {}", variance[c]), "0 or more");
    const double by = double{gamma[c]} / std::sqrt(spread);
    scale[i] = static_cast<float>(by);
    shift[i] = static_cast<float>(double{beta[c]} - double{mean[c]} * by);
  }
  scale_channels(node, 0, scale, shift, 1);
}

void graph_builder::add_two_sided(const onnx_node& node) {
  const std::string& type = node.type();
  for (const int place : {1, 0}) {
    if (constant(node, place) == nullptr) continue;
    std::vector<float> shift = by_channel(node, place);
    std::vector<float> scale(shift.size(), 1.0F);
    const bool is_left = place == 0;
    if (type == "Sub") {
      std::vector<float>& negated = is_left ? scale : shift;
      for (float& one : negated) one = -one;
    } else if (type == "Mul" || type == "Div") {
      scale.swap(shift);
      std::fill(shift.begin(), shift.end(), 0.0F);
      if (type == "Div") {
        if (is_left) node.refuse("a constant that is divided", "one that divides");
        for (float& one : scale) {
          if (one == 0) node.refuse("a division by 0", "other numbers");
          one = 1 / one;
        }
      }
    }
    scale_channels(node, 1 - place, scale, shift, type == "Add" ? 0 : 1);
    return;
  }
  if (type != "Add") node.refuse("two values", "a value and a constant");
  add_sum(node);
}

void graph_builder::add_sum(const onnx_node& node) {
  if (node.n_inputs() == 0) node.refuse("no input", "one or more");
  // Through a Transpose, if it is the same for all.
  const dimension_order order = look(node, 0).order;
  bool is_alike = true;
  for (int place = 0; place < node.n_inputs(); ++place) {
    if (constant(node, place) == nullptr) is_alike = is_alike && look(node, place).order == order;
  }
  const auto operand = [&](int place) {
    return is_alike ? look(node, place).value : value(node, place);
  };
  if (node.n_inputs() == 1) {
    pass_on(node);
    return;
  }
  std::uint32_t sum = operand(0);
  const std::vector<std::uint64_t> in = made_.values[sum].shape;
  for (int place = 1; place < node.n_inputs(); ++place) {
    const std::uint32_t right = operand(place);
    if (made_.values[right].shape != in)
      node.refuse(
          fmt::format(
              "values of shapes {} and {}", text_of(shape(node, 0)), text_of(shape(node, place))),
          "two of one shape");
    sum = append(node, addition{}, {sum, right}, in, 1).output;
  }
  absorb(node, *producer(sum), is_alike ? order : dimension_order{});
}

}  // namespace rankwise::inference
