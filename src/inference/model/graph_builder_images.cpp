// SPDX-License-Identifier: MIT
// The nodes of graph_builder that slide a window over images, or make them larger or smaller.
#include "inference/model/graph_builder.hpp"
#include "inference/model/image_window.hpp"
#include "inference/model/shape_changes.hpp"
#include "inference/model/shape_text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <utility>

namespace rankwise::inference {

namespace {

constexpr std::uint32_t most_pads = 65'535;

}  // namespace

const operator_node* graph_builder::zeros_around(std::uint32_t from) {
  const operator_node* const before = producer(from);
  if (before == nullptr) return nullptr;
  const auto* const pads = std::get_if<padding>(&before->what);
  if (pads == nullptr || pads->number != 0 || pads->channels_before != 0 ||
      pads->channels_behind != 0 || made_.values[from].shape.size() != 4)
    return nullptr;
  return before;
}

void graph_builder::add_conv(const onnx_node& node) {
  const std::vector<std::uint64_t> in = image(node, 0);
  const constant_tensor* const kernel = constant(node, 1);
  if (kernel == nullptr) node.refuse("weights that are no constant", "a constant");
  if (kernel->shape.size() != 4 || kernel->floats.empty())
    node.refuse(fmt::format("weights of shape {}", text_of(kernel->shape)),
                "floats [outputs, inputs / groups, height, width]");
  convolution what;
  what.over = read_window(node, in);
  const std::int64_t groups = node.number("group", 1);
  const std::uint64_t n_outputs = kernel->shape[0];
  if (groups < 1 || in[1] % static_cast<std::uint64_t>(groups) != 0 ||
      n_outputs % static_cast<std::uint64_t>(groups) != 0 ||
      kernel->shape[1] != in[1] / static_cast<std::uint64_t>(groups)) {
    node.refuse(fmt::format("{} groups and weights of shape {} for {} channels",
                            groups,
                            text_of(kernel->shape),
                            in[1]),
                "groups that divide both, and a weight for each input of a group");
  }
  what.groups = static_cast<std::uint32_t>(groups);
  constexpr std::uint64_t most_extent = 65'535;
  if (kernel->shape[2] > most_extent || kernel->shape[3] > most_extent)
    node.refuse(fmt::format("weights of shape {}", text_of(kernel->shape)), "smaller ones");
  const auto height = static_cast<std::uint32_t>(kernel->shape[2]);
  const auto width = static_cast<std::uint32_t>(kernel->shape[3]);
  const bool says_kernel = node.numbers("kernel_shape").has_value();
  if (says_kernel && (what.over.kernel_height != height || what.over.kernel_width != width))
    node.refuse(fmt::format("a kernel_shape of {} x {} and weights of shape {}",
                            what.over.kernel_height,
                            what.over.kernel_width,
                            text_of(kernel->shape)),
                "the same in both");
  if (!says_kernel) {
    what.over.kernel_height = height;
    what.over.kernel_width = width;
    if (node.text("auto_pad", "NOTSET") != "NOTSET")
      node.refuse("auto_pad without kernel_shape", "both, or pads");
  }
  std::vector<float> bias(n_outputs);
  if (!node.input(2).empty()) bias = floats(node, 2, n_outputs);
  std::vector<std::uint64_t> out = slid(node, what.over, in, n_outputs);
  // Zeros around the image before are pads of the convolution.
  std::uint32_t from = value(node, 0);
  while (const operator_node* const before = zeros_around(from)) {
    const auto& pads = std::get<padding>(before->what);
    what.over.pad_top += pads.pad_top;
    what.over.pad_left += pads.pad_left;
    what.over.pad_bottom += pads.pad_bottom;
    what.over.pad_right += pads.pad_right;
    from = before->inputs.front();
  }
  const bool is_uneven =
      what.over.pad_top != what.over.pad_bottom || what.over.pad_left != what.over.pad_right;
  operator_node& made = add_operator(node, what, {from}, std::move(out), is_uneven ? 3 : 2);
  made.weights = new_weight(node.input(1), kernel->shape, kernel->floats);
  made.bias = new_weight(node.input(2), {n_outputs}, std::move(bias));
}

void graph_builder::add_pad(const onnx_node& node) {
  const std::vector<std::uint64_t> in = shape(node, 0);
  constexpr std::int64_t pads_are_inputs = 11;
  const bool has_inputs = node.opset() >= pads_are_inputs;
  const auto given =
      has_inputs ? numbers_of(node, "pads", 1, constant(node, 1)) : node.numbers("pads");
  if (!given) node.refuse("no pads", "two whole numbers for each dimension");
  std::vector<std::int64_t> axes;
  for (std::size_t i = 0; i < in.size(); ++i) axes.push_back(static_cast<std::int64_t>(i));
  if (has_inputs && !node.input(3).empty()) axes = *numbers_of(node, "axes", 3, constant(node, 3));
  if (given->size() != 2 * axes.size())
    node.refuse(fmt::format("{} pads for {} axes", given->size(), axes.size()), "two for each");
  padding what;
  if (!has_inputs) {
    what.number = node.real("value", 0);
  } else if (!node.input(2).empty()) {
    what.number = floats(node, 2, 1)[0];
  }
  // By dimension of the value, which may be seen through a Transpose.
  const view from = look(node, 0);
  std::array<std::uint32_t, 4> before{};
  std::array<std::uint32_t, 4> behind{};
  bool is_any = false;
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const auto axis = static_cast<std::size_t>(node.from_front(axes[i], in.size()));
    const std::size_t dimension = from.order.empty() ? axis : from.order[axis];
    for (const auto& [n, to] :
         {std::pair{(*given)[i], &before}, std::pair{(*given)[axes.size() + i], &behind}}) {
      if (n == 0) continue;
      if (n < 0 || n > most_pads || dimension == 0 || (in.size() != 2 && in.size() != 4))
        node.refuse(fmt::format("{} pads of axis {} of {}", n, axis, text_of(in)),
                    fmt::format("0 to {} in an image or a row, none along the batch", most_pads));
      is_any = true;
      (*to)[dimension] += static_cast<std::uint32_t>(n);
      if ((*to)[dimension] > most_pads) node.refuse("an axis twice", "each axis once");
    }
  }
  if (!is_any) {
    pass_on(node);
    return;
  }
  const std::string mode = node.text("mode", "constant");
  if (mode != "constant") node.refuse(fmt::format("mode {}", mode), "constant");
  what.channels_before = before[1];
  what.channels_behind = behind[1];
  what.pad_top = before[2];
  what.pad_bottom = behind[2];
  what.pad_left = before[3];
  what.pad_right = behind[3];
  std::vector<std::uint64_t> out = made_.values[from.value].shape;
  for (std::size_t i = 0; i < out.size(); ++i) out[i] += std::uint64_t{before[i]} + behind[i];
  add_operator(node, what, {from.value}, std::move(out), 1, from.order);
}

void graph_builder::add_global_average_pool(const onnx_node& node) {
  const std::uint64_t n = image(node, 0)[1];
  add_operator(node, global_average_pooling{}, {value(node, 0)}, {1, n, 1, 1}, 1);
}

void graph_builder::add_reduce_mean(const onnx_node& node) {
  const std::vector<std::uint64_t> in = shape(node, 0);
  const bool keeps_dimensions = node.number("keepdims", 1) != 0;
  const std::vector<std::int64_t> axes =
      numbers_of(node, "axes", 1, constant(node, 1)).value_or(std::vector<std::int64_t>{});
  if (axes.empty() && node.number("noop_with_empty_axes", 0) != 0) {
    pass_on(node);
    return;
  }
  std::vector<bool> is_averaged(in.size(), axes.empty());
  for (const std::int64_t axis : axes)
    is_averaged[static_cast<std::size_t>(node.from_front(axis, in.size()))] = true;
  std::vector<std::uint64_t> result;
  for (std::size_t i = 0; i < in.size(); ++i) {
    if (!is_averaged[i] || keeps_dimensions) result.push_back(is_averaged[i] ? 1 : in[i]);
  }

  // As an image: [1, channels, n] is one of n rows. Through a Transpose, if the mean is over all of
  // its height and width.
  view from = look(node, 0);
  const bool is_seen_through = in.size() == 4 && !from.order.empty() && [&] {
    for (std::size_t i = 0; i < in.size(); ++i) {
      if (is_averaged[i] != (from.order[i] >= 2)) return false;
    }
    return true;
  }();
  if (!is_seen_through) from = {value(node, 0), {}};
  if (in.size() == 3 && in[0] == 1) {
    from.value = append(node, reshape{}, {from.value}, {1, in[1], in[2], 1}, 0).output;
    is_averaged.push_back(false);
  }
  const std::vector<std::uint64_t> image = made_.values[from.value].shape;
  std::vector<bool> is_reduced(image.size());
  for (std::size_t i = 0; i < is_averaged.size() && image.size() == 4; ++i) {
    const std::size_t dimension = from.order.empty() ? i : from.order[i];
    is_reduced[dimension] = is_averaged[i] && (dimension >= 2 || image[dimension] != 1);
  }
  const bool is_any = std::find(is_reduced.begin(), is_reduced.end(), true) != is_reduced.end();
  if (image.size() != 4 || is_reduced[1])
    node.refuse(fmt::format("the mean over axes [{}] of {}", fmt::join(axes, ", "), text_of(in)),
                "over height and width of an image");
  if (!is_any) {
    add_reshape_to(node, std::move(result));
    return;
  }
  const bool is_whole = (is_reduced[2] || image[2] == 1) && (is_reduced[3] || image[3] == 1);
  std::uint32_t mean = 0;
  if (is_whole) {
    const std::vector<std::uint64_t> row{1, image[1]};
    const bool is_row = result == row;
    const std::vector<std::uint64_t> small{1, image[1], 1, 1};
    const bool is_last = is_row || result == small;
    if (is_last) {
      add_operator(node, global_average_pooling{}, {from.value}, result, 1);
      return;
    }
    mean = append(node, global_average_pooling{}, {from.value}, small, 1).output;
  } else {
    average_pooling what;
    what.over.kernel_height = is_reduced[2] ? static_cast<std::uint32_t>(image[2]) : 1;
    what.over.kernel_width = is_reduced[3] ? static_cast<std::uint32_t>(image[3]) : 1;
    const std::vector<std::uint64_t> small{
        1, image[1], is_reduced[2] ? 1 : image[2], is_reduced[3] ? 1 : image[3]};
    if (result == small) {
      add_operator(node, what, {from.value}, small, 1);
      return;
    }
    mean = append(node, what, {from.value}, small, 1).output;
  }
  add_operator(node, reshape{}, {mean}, std::move(result), 0);
}

void graph_builder::add_pooling(const onnx_node& node,
                                operation what,
                                const window& over,
                                bool counts_pads) {
  const std::vector<std::uint64_t> in = image(node, 0);
  std::vector<std::uint64_t> out = pooled(node, over, in, node.number("ceil_mode", 0) != 0);
  if (!counts_pads) require_image_in_windows(node, over, in, out);
  add_operator(node, std::move(what), {value(node, 0)}, std::move(out), 1);
}

void graph_builder::add_average_pool(const onnx_node& node) {
  const std::vector<std::uint64_t> in = image(node, 0);
  if (!node.numbers("kernel_shape")) node.refuse("no kernel_shape", "two numbers");
  average_pooling what;
  what.over = read_window(node, in);
  what.counts_pads = node.number("count_include_pad", 0) != 0;
  add_pooling(node, what, what.over, what.counts_pads);
}

void graph_builder::add_max_pool(const onnx_node& node) {
  const std::vector<std::uint64_t> in = image(node, 0);
  if (!node.numbers("kernel_shape")) node.refuse("no kernel_shape", "two numbers");
  if (node.number("storage_order", 0) != 0) node.refuse("storage_order 1", "0");
  max_pooling what;
  what.over = read_window(node, in);
  add_pooling(node, what, what.over, false);
}

void graph_builder::add_concat(const onnx_node& node) {
  if (node.n_inputs() == 0) node.refuse("no input", "one or more");
  // Through a Transpose, if it is the same for all.
  const dimension_order order = look(node, 0).order;
  bool is_alike = true;
  for (int place = 0; place < node.n_inputs(); ++place)
    is_alike = is_alike && look(node, place).order == order;
  const std::vector<std::uint64_t> first = shape(node, 0);
  const auto axis = static_cast<std::size_t>(node.from_front(node.number("axis", 1), first.size()));
  const bool is_seen_through = is_alike && !order.empty() && order[axis] == 1;
  if (!is_seen_through && ((first.size() != 2 && first.size() != 4) || axis != 1))
    node.refuse(fmt::format("axis {} of {}", node.number("axis", 1), text_of(first)),
                "axis 1 of images or rows");
  std::vector<std::uint32_t> inputs;
  std::vector<std::uint64_t> out;
  for (int place = 0; place < node.n_inputs(); ++place) {
    inputs.push_back(is_seen_through ? look(node, place).value : value(node, place));
    const std::vector<std::uint64_t>& one = made_.values[inputs.back()].shape;
    if (place == 0) {
      out = one;
      continue;
    }
    bool fits = one.size() == out.size();
    for (std::size_t i = 0; fits && i < out.size(); ++i) fits = i == 1 || one[i] == out[i];
    if (!fits)
      node.refuse(fmt::format("values of shapes {} and {}", text_of(out), text_of(one)),
                  "shapes that differ in dimension 1 alone");
    out[1] += one[1];
  }
  add_operator(node,
               concatenation{},
               std::move(inputs),
               std::move(out),
               1,
               is_seen_through ? order : dimension_order{});
}

}  // namespace rankwise::inference
