// SPDX-License-Identifier: MIT
#include "inference/model/graph_builder.hpp"

#include <rankwise/error.hpp>

#include "inference/model/constant_folding.hpp"
#include "inference/model/needed_part.hpp"
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

/// Whether limits may become part of an operator: those that merely move numbers are looked through
/// by other nodes, and a softmax has none.
bool takes_limits(const operator_node& node) {
  return !std::holds_alternative<softmax>(node.what) &&
         !std::holds_alternative<reshape>(node.what) &&
         !std::holds_alternative<transposition>(node.what) &&
         !std::holds_alternative<padding>(node.what);
}

}  // namespace

const std::map<std::string, graph_builder::converter>& graph_builder::converters() {
  static const std::map<std::string, converter> all{
      {"Add", &graph_builder::add_two_sided},
      {"AveragePool", &graph_builder::add_average_pool},
      {"BatchNormalization", &graph_builder::add_batch_normalization},
      {"Cast", &graph_builder::add_cast},
      {"Clip", &graph_builder::add_clip},
      {"Concat", &graph_builder::add_concat},
      {"Constant", &graph_builder::add_constant_node},
      {"Conv", &graph_builder::add_conv},
      {"Div", &graph_builder::add_two_sided},
      {"Dropout", &graph_builder::pass_on},
      {"Flatten", &graph_builder::add_flatten},
      {"Gemm", &graph_builder::add_gemm},
      {"GlobalAveragePool", &graph_builder::add_global_average_pool},
      {"Identity", &graph_builder::pass_on},
      {"MatMul", &graph_builder::add_matmul},
      {"Max", &graph_builder::add_min_or_max},
      {"MaxPool", &graph_builder::add_max_pool},
      {"Min", &graph_builder::add_min_or_max},
      {"Mul", &graph_builder::add_two_sided},
      {"Pad", &graph_builder::add_pad},
      {"ReduceMean", &graph_builder::add_reduce_mean},
      {"Relu", &graph_builder::add_relu},
      {"Reshape", &graph_builder::add_reshape},
      {"Softmax", &graph_builder::add_softmax},
      {"Squeeze", &graph_builder::add_squeeze},
      {"Sub", &graph_builder::add_two_sided},
      {"Sum", &graph_builder::add_sum},
      {"Transpose", &graph_builder::add_transpose},
      {"Unsqueeze", &graph_builder::add_unsqueeze}};
  return all;
}

void graph_builder::add_input(const std::string& name,
                              const std::vector<std::uint64_t>& shape,
                              bool is_channels_last) {
  const auto place = static_cast<std::uint32_t>(made_.values.size());
  made_.inputs.push_back(place);
  if (is_channels_last) {
    made_.values.push_back({name, reordered(shape, {0, 3, 1, 2})});
    values_[name] = {place, {0, 2, 3, 1}};
  } else {
    made_.values.push_back({name, shape});
    values_[name] = {place, {}};
  }
}

void graph_builder::add_constant(const std::string& name, constant_tensor constant) {
  n_given_ += constant.floats.size() + constant.numbers.size();
  constants_[name] = std::move(constant);
}

void graph_builder::add(const onnx_node& node) {
  if (values_.contains(node.output()) || constants_.contains(node.output()))
    node.refuse(fmt::format("a second value of the name '{}'", node.output()), "one of each name");
  if (!node.domain().empty() && node.domain() != "ai.onnx")
    node.refuse(fmt::format("an operator of '{}'", node.domain()), "those of ONNX itself");
  if (fold(node)) return;
  const auto found = converters().find(node.type());
  if (found == converters().end()) {
    std::vector<std::string> names{"Shape"};
    for (const auto& [name, convert] : converters()) names.push_back(name);
    for (const std::string& name : operators_of_constants()) {
      if (node.type() == name)
        node.refuse("an input that is no constant", "constants: it is computed beforehand");
      names.push_back(name);
    }
    std::sort(names.begin(), names.end());
    node.refuse(fmt::format("an operator that can't be run (opset {})", node.opset()),
                fmt::format("{}", fmt::join(names, ", ")));
  }
  (this->*found->second)(node);
}

bool graph_builder::fold(const onnx_node& node) {
  if (node.type() == "Shape") {
    const constant_tensor* const given = constant(node, 0);
    keep_folded(node, shape_as_constant(node, given == nullptr ? shape(node, 0) : given->shape));
    return true;
  }
  std::vector<const constant_tensor*> inputs;
  bool has_constant = false;
  for (int place = 0; place < node.n_inputs(); ++place) {
    inputs.push_back(constant(node, place));
    has_constant = has_constant || inputs.back() != nullptr;
    if (inputs.back() == nullptr && !node.input(place).empty()) return false;
  }
  if (!has_constant) return false;
  std::optional<constant_tensor> made = folded(node, inputs);
  if (!made) return false;
  keep_folded(node, std::move(*made));
  return true;
}

void graph_builder::keep_folded(const onnx_node& node, constant_tensor made) {
  // A small file must not become much memory, step by step.
  constexpr std::uint64_t some = std::uint64_t{1} << 24U;
  const std::uint64_t most = some + 4 * n_given_;
  n_folded_ += made.floats.size() + made.numbers.size();
  if (n_folded_ > most)
    node.refuse("more numbers that are computed beforehand", fmt::format("{} at most", most));
  constants_[node.output()] = std::move(made);
}

const graph_builder::view& graph_builder::look(const onnx_node& node, int place) const {
  const std::string name = node.input(place);
  const auto found = values_.find(name);
  if (found != values_.end()) return found->second;
  if (constants_.contains(name))
    node.refuse(fmt::format("the constant '{}' as input {}", name, place), "a computed value");
  node.refuse(name.empty() ? fmt::format("no input {}", place)
                           : fmt::format("input '{}', which no node before it makes", name),
              "a value that a node before it makes");
}

std::vector<std::uint64_t> graph_builder::shape(const onnx_node& node, int place) const {
  const view& from = look(node, place);
  return reordered(made_.values[from.value].shape, from.order);
}

std::vector<std::uint64_t> graph_builder::image(const onnx_node& node, int place) const {
  const std::vector<std::uint64_t> found = shape(node, place);
  if (found.size() != 4)
    node.refuse(fmt::format("input {} of shape {}", place, text_of(found)),
                "an image [1, channels, height, width]");
  return found;
}

std::uint32_t graph_builder::value(const onnx_node& node, int place) {
  const view from = look(node, place);
  if (from.order.empty()) return from.value;
  const std::vector<std::uint64_t> target = shape(node, place);
  if (target.size() == 4 && target[0] != 1)
    node.refuse(fmt::format("input {} of shape {}", place, text_of(target)), "1 in front");
  const std::uint32_t moved = carried_out(from, node.input(place));
  values_[node.input(place)] = {moved, {}};
  return moved;
}

std::uint32_t graph_builder::carried_out(const view& from, const std::string& name) {
  const std::vector<std::uint64_t> before = made_.values[from.value].shape;
  operator_node moved;
  moved.name = name;
  moved.what = transposition{from.order};
  if (moves_no_numbers(before, from.order)) moved.what = reshape{};
  moved.inputs = {from.value};
  moved.output = static_cast<std::uint32_t>(made_.values.size());
  moved.keras_layers = 0;
  producer_[moved.output] = made_.operators.size();
  made_.values.push_back({name, reordered(before, from.order)});
  made_.operators.push_back(std::move(moved));
  return made_.operators.back().output;
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

std::uint32_t graph_builder::new_weight(const std::string& name,
                                        std::vector<std::uint64_t> shape,
                                        std::vector<float> data) {
  made_.weights.push_back({name, std::move(shape), std::move(data)});
  return static_cast<std::uint32_t>(made_.weights.size() - 1);
}

operator_node& graph_builder::append(const onnx_node& node,
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
  if (shape.size() == 4 && shape[0] != 1)
    node.refuse(fmt::format("an output of shape {}", text_of(shape)), "1 in front");
  operator_node made;
  made.name = node.name();
  made.what = std::move(what);
  made.inputs = std::move(inputs);
  made.output = static_cast<std::uint32_t>(made_.values.size());
  made.keras_layers = keras_layers;
  producer_[made.output] = made_.operators.size();
  made_.values.push_back(
      {fmt::format("{}/{}", node.output(), made_.operators.size()), std::move(shape)});
  return made_.operators.emplace_back(std::move(made));
}

operator_node& graph_builder::add_operator(const onnx_node& node,
                                           operation what,
                                           std::vector<std::uint32_t> inputs,
                                           std::vector<std::uint64_t> shape,
                                           std::uint32_t keras_layers,
                                           dimension_order order) {
  operator_node& made =
      append(node, std::move(what), std::move(inputs), std::move(shape), keras_layers);
  absorb(node, made, std::move(order));
  return made;
}

operator_node* graph_builder::producer(std::uint32_t value) {
  const auto found = producer_.find(value);
  return found == producer_.end() ? nullptr : &made_.operators[found->second];
}

operator_node* graph_builder::sole_producer(const onnx_node& node, int place) {
  const auto uses = n_uses_.find(node.input(place));
  if (uses == n_uses_.end() || uses->second != 1) return nullptr;
  return producer(look(node, place).value);
}

void graph_builder::absorb(const onnx_node& node,
                           const operator_node& before,
                           dimension_order order) {
  made_.values[before.output].name = node.output();
  values_[node.output()] = {before.output, std::move(order)};
}

void graph_builder::publish_view(const onnx_node& node, dimension_order order) {
  const std::uint32_t from = look(node, 0).value;
  values_[node.output()] = {from, std::move(order)};
  // Who takes the output takes the input.
  n_uses_[node.output()] += n_uses_[node.input(0)] - 1;
}

void graph_builder::pass_on(const onnx_node& node) {
  if (const constant_tensor* const same = constant(node, 0)) {
    keep_folded(node, *same);
    return;
  }
  publish_view(node, look(node, 0).order);
}

void graph_builder::add_cast(const onnx_node& node) {
  const std::int64_t to = node.number("to", 0);
  if (to != onnx::TensorProto::FLOAT)
    node.refuse(fmt::format("a value cast to type {}", to),
                fmt::format("{}, FLOAT", static_cast<int>(onnx::TensorProto::FLOAT)));
  pass_on(node);
}

void graph_builder::add_constant_node(const onnx_node& node) {
  if (const onnx::TensorProto* const tensor = node.tensor("value")) {
    add_constant(node.output(), read_tensor(*tensor, node.where()));
  } else if (const auto numbers = node.numbers("value_ints")) {
    add_constant(node.output(), {{numbers->size()}, {}, *numbers});
  } else if (const auto reals = node.reals("value_floats")) {
    add_constant(node.output(), {{reals->size()}, *reals, {}});
  } else if (node.has("value_int")) {
    add_constant(node.output(), {{}, {}, {node.number("value_int", 0)}});
  } else if (node.has("value_float")) {
    add_constant(node.output(), {{}, {node.real("value_float", 0)}, {}});
  } else {
    node.refuse("no value", "value, value_float, value_floats, value_int or value_ints");
  }
}

void graph_builder::limit(const onnx_node& node, int place, float low, float high) {
  if (std::isnan(low) || std::isnan(high) || low > high)
    node.refuse(fmt::format("limits {} and {}", low, high), "a lower one and a higher one");
  const view from = look(node, place);
  operator_node* const before = sole_producer(node, place);
  if (before != nullptr && takes_limits(*before)) {
    const bool is_first = before->low == -infinity && before->high == infinity;
    if (is_first && std::holds_alternative<convolution>(before->what)) ++before->keras_layers;
    before->high = std::clamp(before->high, low, high);
    before->low = std::clamp(before->low, low, high);
    absorb(node, *before, from.order);
    return;
  }
  operator_node& made = add_operator(
      node, clamping{}, {from.value}, std::vector(made_.values[from.value].shape), 1, from.order);
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
  limit(node, 0, low, high);
}

void graph_builder::add_relu(const onnx_node& node) {
  limit(node, 0, 0, infinity);
}

void graph_builder::add_min_or_max(const onnx_node& node) {
  if (node.n_inputs() != 2)
    node.refuse(fmt::format("{} inputs", node.n_inputs()), "a value and a constant");
  const int place = constant(node, 0) == nullptr ? 1 : 0;
  const float bound = floats(node, place, 1)[0];
  const bool is_lower = node.type() == "Max";
  limit(node, 1 - place, is_lower ? bound : -infinity, is_lower ? infinity : bound);
}

graph graph_builder::finish(const std::vector<std::string>& outputs, const std::string& file) && {
  for (const std::string& name : outputs) {
    const auto found = values_.find(name);
    if (found == values_.end())
      throw config_error(fmt::format("{}: no node makes the output '{}'", file, name));
    view& from = found->second;
    if (!from.order.empty()) from = {carried_out(from, name), {}};
    const std::vector<std::uint64_t>& made = made_.values[from.value].shape;
    if (made.size() == 4 && made[0] != 1)
      throw config_error(fmt::format(
          "{}: found an output '{}' of shape {}; accepted: 1 in front", file, name, text_of(made)));
    made_.outputs.push_back(from.value);
  }
  made_ = needed_part(std::move(made_));
  if (made_.operators.empty())
    throw config_error(fmt::format("{}: found no operator; accepted: one or more", file));
  ++made_.operators.front().keras_layers;
  return std::move(made_);
}

}  // namespace rankwise::inference
