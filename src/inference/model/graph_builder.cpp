// SPDX-License-Identifier: MIT
#include "inference/model/graph_builder.hpp"

#include <rankwise/error.hpp>

#include "inference/model/image_window.hpp"
#include "inference/model/pruned.hpp"
#include "inference/model/shape_text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <utility>

namespace rankwise::inference {

namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

}  // namespace

const std::map<std::string, graph_builder::converter>& graph_builder::converters() {
  static const std::map<std::string, converter> all{
      {"Add", &graph_builder::add_add},
      {"AveragePool", &graph_builder::add_average_pool},
      {"BatchNormalization", &graph_builder::add_batch_normalization},
      {"Clip", &graph_builder::add_clip},
      {"Concat", &graph_builder::add_concat},
      {"Constant", &graph_builder::add_constant_node},
      {"Conv", &graph_builder::add_conv},
      {"Dropout", &graph_builder::pass_on},
      {"Flatten", &graph_builder::add_flatten},
      {"Gemm", &graph_builder::add_gemm},
      {"GlobalAveragePool", &graph_builder::add_global_average_pool},
      {"Identity", &graph_builder::pass_on},
      {"MatMul", &graph_builder::add_matmul},
      {"MaxPool", &graph_builder::add_max_pool},
      {"ReduceMean", &graph_builder::add_reduce_mean},
      {"Relu", &graph_builder::add_relu},
      {"Reshape", &graph_builder::add_reshape},
      {"Softmax", &graph_builder::add_softmax}};
  return all;
}

void graph_builder::add_input(const std::string& name, const std::vector<std::uint64_t>& shape) {
  values_[name] = static_cast<std::uint32_t>(made_.values.size());
  made_.inputs.push_back(static_cast<std::uint32_t>(made_.values.size()));
  made_.values.push_back({name, shape});
}

void graph_builder::add_constant(const std::string& name, constant_tensor constant) {
  constants_[name] = std::move(constant);
}

void graph_builder::add(const onnx_node& node) {
  const auto found = converters().find(node.type());
  if (found == converters().end()) {
    std::vector<std::string> names;
    for (const auto& [name, convert] : converters()) names.push_back(name);
    node.refuse(fmt::format("an operator that can't be run (opset {})", node.opset()),
                fmt::format("{}", fmt::join(names, ", ")));
  }
  if (values_.contains(node.output()) || constants_.contains(node.output()))
    node.refuse(fmt::format("a second value of the name '{}'", node.output()), "one of each name");
  (this->*found->second)(node);
}

std::uint32_t graph_builder::value(const onnx_node& node, int place) const {
  const std::string name = node.input(place);
  const auto found = values_.find(name);
  if (found != values_.end()) return found->second;
  if (constants_.contains(name))
    node.refuse(fmt::format("the constant '{}' as input {}", name, place), "a computed value");
  node.refuse(name.empty() ? fmt::format("no input {}", place)
                           : fmt::format("input '{}', which no node before it makes", name),
              "a value that a node before it makes");
}

const constant_tensor* graph_builder::constant(const onnx_node& node, int place) const {
  const auto found = constants_.find(node.input(place));
  return found == constants_.end() ? nullptr : &found->second;
}

const std::vector<float>& graph_builder::floats(const onnx_node& node,
                                                int place,
                                                std::uint64_t n) const {
  const constant_tensor* const found = constant(node, place);
  if (found == nullptr)
    node.refuse(fmt::format("input {} ('{}'), which is no constant", place, node.input(place)),
                "a constant");
  if (!found->numbers.empty() || (n != 0 && found->floats.size() != n))
    node.refuse(fmt::format("{} floats as input {}", found->floats.size(), place),
                n == 0 ? std::string("floats") : fmt::format("{}", n));
  return found->floats;
}

const std::vector<std::uint64_t>& graph_builder::image(const onnx_node& node, int place) const {
  const std::vector<std::uint64_t>& shape = made_.values[value(node, place)].shape;
  if (shape.size() != 4)
    node.refuse(fmt::format("input {} of shape {}", place, text_of(shape)),
                "an image [1, channels, height, width]");
  return shape;
}

std::uint32_t graph_builder::new_weight(const std::string& name,
                                        std::vector<std::uint64_t> shape,
                                        std::vector<float> data) {
  made_.weights.push_back({name, std::move(shape), std::move(data)});
  return static_cast<std::uint32_t>(made_.weights.size() - 1);
}

operator_node& graph_builder::add_operator(const onnx_node& node,
                                           operation what,
                                           std::vector<std::uint32_t> inputs,
                                           std::vector<std::uint64_t> shape,
                                           std::uint32_t keras_layers) {
  std::uint64_t n = 1;
  for (const std::uint64_t size : shape) {
    if (size == 0 || size > most_elements / n)
      node.refuse(fmt::format("an output of shape {}", text_of(shape)),
                  fmt::format("1 to {} elements", most_elements));
    n *= size;
  }
  operator_node made;
  made.name = node.name();
  made.what = std::move(what);
  made.inputs = std::move(inputs);
  made.output = static_cast<std::uint32_t>(made_.values.size());
  made.keras_layers = keras_layers;
  values_[node.output()] = made.output;
  producer_[made.output] = made_.operators.size();
  made_.values.push_back({node.output(), std::move(shape)});
  return made_.operators.emplace_back(std::move(made));
}

operator_node* graph_builder::sole_producer(const onnx_node& node, int place) {
  const auto uses = n_uses_.find(node.input(place));
  const auto found = producer_.find(value(node, place));
  if (found == producer_.end() || uses == n_uses_.end() || uses->second != 1) return nullptr;
  return &made_.operators[found->second];
}

void graph_builder::absorb(const onnx_node& node, const operator_node& before) {
  made_.values[before.output].name = node.output();
  values_[node.output()] = before.output;
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
  const bool is_uneven =
      what.over.pad_top != what.over.pad_bottom || what.over.pad_left != what.over.pad_right;
  operator_node& made = add_operator(
      node, what, {value(node, 0)}, slid(node, what.over, in, n_outputs), is_uneven ? 3 : 2);
  made.weights = new_weight(node.input(1), kernel->shape, kernel->floats);
  made.bias = new_weight(node.input(2), {n_outputs}, std::move(bias));
}

void graph_builder::scale_channels(const onnx_node& node,
                                   int place,
                                   const std::vector<float>& scale,
                                   const std::vector<float>& shift,
                                   std::uint32_t keras_layers) {
  operator_node* const before = sole_producer(node, place);
  const bool is_convolution = before != nullptr &&
                              std::holds_alternative<convolution>(before->what) &&
                              before->low == -infinity && before->high == infinity;
  if (is_convolution) {
    weight& kernel = made_.weights[before->weights];
    std::vector<float>& bias = made_.weights[before->bias].data;
    const std::size_t n_each = kernel.data.size() / bias.size();
    for (std::size_t c = 0; c < bias.size(); ++c) {
      for (std::size_t i = 0; i < n_each; ++i) kernel.data[c * n_each + i] *= scale[c];
      bias[c] = bias[c] * scale[c] + shift[c];
    }
    absorb(node, *before);
    return;
  }
  const std::vector<std::uint64_t> shape = image(node, place);
  convolution each;
  each.groups = static_cast<std::uint32_t>(shape[1]);
  operator_node& made = add_operator(node, each, {value(node, place)}, shape, keras_layers);
  made.weights = new_weight(node.name() + " scale", {shape[1], 1, 1, 1}, scale);
  made.bias = new_weight(node.name() + " shift", {shape[1]}, shift);
}

void graph_builder::add_batch_normalization(const onnx_node& node) {
  if (node.number("training_mode", 0) != 0) node.refuse("training_mode 1", "0");
  const std::uint64_t n = image(node, 0)[1];
  const std::vector<float>& gamma = floats(node, 1, n);
  const std::vector<float>& beta = floats(node, 2, n);
  const std::vector<float>& mean = floats(node, 3, n);
  const std::vector<float>& variance = floats(node, 4, n);
  const double epsilon = node.real("epsilon", 1e-5F);
  std::vector<float> scale(n);
  std::vector<float> shift(n);
  for (std::size_t c = 0; c < n; ++c) {
    const double spread = double{variance[c]} + epsilon;
    if (!(spread > 0)) node.refuse(fmt::format("a variance of {}", variance[c]), "0 or more");
    const double by = double{gamma[c]} / std::sqrt(spread);
    scale[c] = static_cast<float>(by);
    shift[c] = static_cast<float>(double{beta[c]} - double{mean[c]} * by);
  }
  scale_channels(node, 0, scale, shift, 1);
}

void graph_builder::limit(const onnx_node& node, float low, float high) {
  if (std::isnan(low) || std::isnan(high) || low > high)
    node.refuse(fmt::format("limits {} and {}", low, high), "a lower one and a higher one");
  operator_node* const before = sole_producer(node, 0);
  if (before != nullptr && !std::holds_alternative<softmax>(before->what) &&
      !std::holds_alternative<reshape>(before->what)) {
    const bool is_first = before->low == -infinity && before->high == infinity;
    if (is_first && std::holds_alternative<convolution>(before->what)) ++before->keras_layers;
    before->high = std::clamp(before->high, low, high);
    before->low = std::clamp(before->low, low, high);
    absorb(node, *before);
    return;
  }
  const std::uint32_t from = value(node, 0);
  operator_node& made =
      add_operator(node, clamping{}, {from}, std::vector(made_.values[from].shape), 1);
  made.low = low;
  made.high = high;
}

void graph_builder::add_clip(const onnx_node& node) {
  float low = -infinity;
  float high = infinity;
  constexpr std::int64_t limits_are_inputs = 11;
  if (node.opset() < limits_are_inputs) {
    low = node.real("min", low);
    high = node.real("max", high);
  } else {
    if (!node.input(1).empty()) low = floats(node, 1, 1)[0];
    if (!node.input(2).empty()) high = floats(node, 2, 1)[0];
  }
  limit(node, low, high);
}

void graph_builder::add_relu(const onnx_node& node) {
  limit(node, 0, infinity);
}

void graph_builder::add_add(const onnx_node& node) {
  for (const int place : {0, 1}) {
    if (constant(node, place) == nullptr) continue;
    const int other = 1 - place;
    const std::uint64_t n = image(node, other)[1];
    const constant_tensor& each = *constant(node, place);
    const std::vector<std::uint64_t>& shape = each.shape;
    const bool is_by_channel = shape.size() >= 3 && shape.size() <= 4 &&
                               shape[shape.size() - 3] == n && n_elements(shape) == n;
    if (!is_by_channel || each.floats.size() != n)
      node.refuse(fmt::format("a constant of shape {}", text_of(shape)),
                  fmt::format("floats [{}, 1, 1]", n));
    scale_channels(node, other, std::vector<float>(n, 1.0F), each.floats, 0);
    return;
  }
  const std::uint32_t left = value(node, 0);
  const std::uint32_t right = value(node, 1);
  const std::vector<std::uint64_t> shape = made_.values[left].shape;
  if (shape != made_.values[right].shape)
    node.refuse(
        fmt::format(
            "values of shapes {} and {}", text_of(shape), text_of(made_.values[right].shape)),
        "two of one shape");
  add_operator(node, addition{}, {left, right}, shape, 1);
}

void graph_builder::add_mean(const onnx_node& node, bool keeps_dimensions) {
  const std::uint64_t n = image(node, 0)[1];
  std::vector<std::uint64_t> shape{1, n};
  if (keeps_dimensions) shape = {1, n, 1, 1};
  add_operator(node, global_average_pooling{}, {value(node, 0)}, std::move(shape), 1);
}

void graph_builder::add_global_average_pool(const onnx_node& node) {
  add_mean(node, true);
}

void graph_builder::add_reduce_mean(const onnx_node& node) {
  image(node, 0);
  std::vector<std::int64_t> axes = node.numbers("axes").value_or(std::vector<std::int64_t>{});
  if (!node.input(1).empty()) {
    const constant_tensor* const given = constant(node, 1);
    if (given == nullptr) node.refuse("axes that are no constant", "a constant");
    axes = given->numbers;
  }
  for (std::int64_t& axis : axes) axis = node.from_front(axis, 4);
  std::sort(axes.begin(), axes.end());
  if (axes != std::vector<std::int64_t>{2, 3})
    node.refuse(fmt::format("the mean over axes [{}]", fmt::join(axes, ", ")),
                "over height and width, 2 and 3");
  add_mean(node, node.number("keepdims", 1) != 0);
}

void graph_builder::add_average_pool(const onnx_node& node) {
  const std::vector<std::uint64_t> in = image(node, 0);
  if (!node.numbers("kernel_shape")) node.refuse("no kernel_shape", "two numbers");
  average_pooling what;
  what.over = read_window(node, in);
  what.counts_pads = node.number("count_include_pad", 0) != 0;
  if (node.number("ceil_mode", 0) != 0) {
    const auto out = slid(node, what.over, in, in[1]);
    const std::uint64_t left_height =
        (in[2] + what.over.pad_top + what.over.pad_bottom -
         ((what.over.kernel_height - 1) * what.over.dilation_height + 1)) %
        what.over.stride_height;
    const std::uint64_t left_width =
        (in[3] + what.over.pad_left + what.over.pad_right -
         ((what.over.kernel_width - 1) * what.over.dilation_width + 1)) %
        what.over.stride_width;
    if (left_height != 0 || left_width != 0)
      node.refuse(fmt::format("ceil_mode 1 where it changes the output {}", text_of(out)),
                  "ceil_mode 0");
  }
  add_operator(node, what, {value(node, 0)}, slid(node, what.over, in, in[1]), 1);
}

void graph_builder::add_max_pool(const onnx_node& node) {
  const std::vector<std::uint64_t> in = image(node, 0);
  if (!node.numbers("kernel_shape")) node.refuse("no kernel_shape", "two numbers");
  if (node.number("storage_order", 0) != 0) node.refuse("storage_order 1", "0");
  max_pooling what;
  what.over = read_window(node, in);
  if (node.number("ceil_mode", 0) != 0) {
    // The last window reaches past the end: as if there were more pads, which are never the
    // maximum.
    const auto more = [](std::uint64_t all, std::uint64_t reach, std::uint64_t stride) {
      if (all < reach) return std::uint32_t{0};
      const std::uint64_t left = (all - reach) % stride;
      return static_cast<std::uint32_t>(left == 0 ? 0 : stride - left);
    };
    what.over.pad_bottom +=
        more(in[2] + what.over.pad_top + what.over.pad_bottom,
             std::uint64_t{what.over.kernel_height - 1} * what.over.dilation_height + 1,
             what.over.stride_height);
    what.over.pad_right +=
        more(in[3] + what.over.pad_left + what.over.pad_right,
             std::uint64_t{what.over.kernel_width - 1} * what.over.dilation_width + 1,
             what.over.stride_width);
  }
  add_operator(node, what, {value(node, 0)}, slid(node, what.over, in, in[1]), 1);
}

void graph_builder::add_concat(const onnx_node& node) {
  std::vector<std::uint32_t> inputs;
  std::vector<std::uint64_t> shape;
  for (int place = 0; place < node.n_inputs(); ++place) {
    inputs.push_back(value(node, place));
    const std::vector<std::uint64_t>& one = made_.values[inputs.back()].shape;
    if (place == 0) {
      shape = one;
      continue;
    }
    bool fits = one.size() == shape.size();
    for (std::size_t i = 0; fits && i < shape.size(); ++i) fits = i == 1 || one[i] == shape[i];
    if (!fits || shape.size() < 2)
      node.refuse(fmt::format("values of shapes {} and {}", text_of(shape), text_of(one)),
                  "shapes that differ in dimension 1 alone");
    shape[1] += one[1];
  }
  if (inputs.empty()) node.refuse("no input", "one or more");
  if ((shape.size() != 2 && shape.size() != 4) ||
      node.from_front(node.number("axis", 1), shape.size()) != 1) {
    node.refuse(fmt::format("axis {} of {}", node.number("axis", 1), text_of(shape)),
                "axis 1 of images or rows");
  }
  add_operator(node, concatenation{}, std::move(inputs), std::move(shape), 1);
}

void graph_builder::pass_on(const onnx_node& node) {
  if (const constant_tensor* const same = constant(node, 0)) {
    constants_[node.output()] = *same;
    return;
  }
  values_[node.output()] = value(node, 0);
  // Who takes the output takes the input.
  n_uses_[node.output()] += n_uses_[node.input(0)] - 1;
}

void graph_builder::add_constant_node(const onnx_node& node) {
  if (const onnx::TensorProto* const tensor = node.tensor("value")) {
    constants_[node.output()] = read_tensor(*tensor, node.where());
  } else if (const auto numbers = node.numbers("value_ints")) {
    constants_[node.output()] = {{numbers->size()}, {}, *numbers};
  } else {
    const float one = node.real("value_float", std::nanf(""));
    if (std::isnan(one)) node.refuse("no value", "value, value_float or value_ints");
    constants_[node.output()] = {{}, {one}, {}};
  }
}

graph graph_builder::finish(const std::vector<std::string>& outputs, const std::string& file) && {
  for (const std::string& name : outputs) {
    const auto found = values_.find(name);
    if (found == values_.end())
      throw config_error(fmt::format("{}: no node makes the output '{}'", file, name));
    made_.outputs.push_back(found->second);
  }
  made_ = pruned(std::move(made_));
  if (made_.operators.empty())
    throw config_error(fmt::format("{}: found no operator; accepted: one or more", file));
  ++made_.operators.front().keras_layers;
  return std::move(made_);
}

}  // namespace rankwise::inference
