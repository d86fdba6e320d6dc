// SPDX-License-Identifier: MIT
// The nodes of graph_builder that change shapes, or make rows or take them.
#include "inference/model/graph_builder.hpp"
#include "inference/model/shape_changes.hpp"
#include "inference/model/shape_text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <numeric>
#include <utility>

namespace rankwise::inference {

void graph_builder::add_transpose(const onnx_node& node) {
  const view& from = look(node, 0);
  publish_view(
      node, composed(from.order, order_of_transpose(node, made_.values[from.value].shape.size())));
}

void graph_builder::add_reshape_to(const onnx_node& node, std::vector<std::uint64_t> to) {
  const view from = look(node, 0);
  if (to == shape(node, 0)) {
    publish_view(node, from.order);
    return;
  }
  std::uint32_t source = from.value;
  if (!moves_no_numbers(made_.values[source].shape, from.order)) source = value(node, 0);
  // What was reshaped before need not be so twice.
  while (const operator_node* const before = producer(source)) {
    if (!std::holds_alternative<reshape>(before->what)) break;
    source = before->inputs.front();
  }
  add_operator(node, reshape{}, {source}, std::move(to), 0);
}

void graph_builder::add_flatten(const onnx_node& node) {
  const std::vector<std::uint64_t> in = shape(node, 0);
  const auto n = static_cast<std::int64_t>(in.size());
  std::int64_t axis = node.number("axis", 1);
  if (axis < -n || axis > n)
    node.refuse(fmt::format("axis {}", axis), fmt::format("{} to {}", -n, n));
  if (axis < 0) axis += n;
  const auto split = in.begin() + axis;
  add_reshape_to(node, {n_elements({in.begin(), split}), n_elements({split, in.end()})});
}

void graph_builder::add_reshape(const onnx_node& node) {
  const constant_tensor* const target = constant(node, 1);
  if (target == nullptr || !target->floats.empty())
    node.refuse("a shape that is no constant of whole numbers", "a constant");
  add_reshape_to(node, reshaped(node, shape(node, 0), target->numbers));
}

void graph_builder::add_squeeze(const onnx_node& node) {
  add_reshape_to(node,
                 squeezed(node, shape(node, 0), numbers_of(node, "axes", 1, constant(node, 1))));
}

void graph_builder::add_unsqueeze(const onnx_node& node) {
  add_reshape_to(node,
                 unsqueezed(node, shape(node, 0), numbers_of(node, "axes", 1, constant(node, 1))));
}

void graph_builder::add_fully_connected(const onnx_node& node,
                                        std::uint64_t n_inputs,
                                        std::uint64_t n_outputs,
                                        std::vector<float> weights,
                                        std::optional<std::vector<float>> bias) {
  const std::vector<std::uint64_t> in = shape(node, 0);
  if (in.empty() || in.back() != n_inputs || n_elements(in) != n_inputs)
    node.refuse(fmt::format("a value of shape {} and weights for {}", text_of(in), n_inputs),
                "a row [1, inputs] with a weight for each");
  std::vector<std::uint64_t> out = in;
  out.back() = n_outputs;
  operator_node& made = add_operator(node, fully_connected{}, {value(node, 0)}, std::move(out), 1);
  made.weights = new_weight(node.input(1), {n_outputs, n_inputs}, std::move(weights));
  if (bias) made.bias = new_weight(node.input(2), {n_outputs}, std::move(*bias));
}

namespace {

/// [rows, columns] becomes [columns, rows].
std::vector<float> transposed(const std::vector<float>& from,
                              std::uint64_t n_rows,
                              std::uint64_t n_columns) {
  std::vector<float> to(from.size());
  for (std::uint64_t row = 0; row < n_rows; ++row) {
    for (std::uint64_t column = 0; column < n_columns; ++column)
      to[column * n_rows + row] = from[row * n_columns + column];
  }
  return to;
}

}  // namespace

void graph_builder::add_gemm(const onnx_node& node) {
  const constant_tensor* const given = constant(node, 1);
  if (given == nullptr || given->shape.size() != 2 || given->floats.empty())
    node.refuse("weights that are no constant [inputs, outputs]", "a constant of floats");
  if (node.number("transA", 0) != 0) node.refuse("transA 1", "0");
  if (shape(node, 0).size() != 2)
    node.refuse(fmt::format("a value of shape {}", text_of(shape(node, 0))), "a row [1, inputs]");
  const bool is_transposed = node.number("transB", 0) != 0;
  const std::uint64_t n_outputs = given->shape[is_transposed ? 0 : 1];
  const std::uint64_t n_inputs = given->shape[is_transposed ? 1 : 0];
  std::vector<float> weights =
      is_transposed ? given->floats : transposed(given->floats, n_inputs, n_outputs);
  const float alpha = node.real("alpha", 1);
  for (float& one : weights) one *= alpha;
  std::optional<std::vector<float>> bias;
  if (!node.input(2).empty()) {
    const std::vector<float>& each = floats(node, 2, 0);
    if (each.size() != 1 && each.size() != n_outputs)
      node.refuse(fmt::format("{} floats as input 2", each.size()),
                  fmt::format("1 or {}", n_outputs));
    const float beta = node.real("beta", 1);
    bias.emplace(n_outputs);
    for (std::size_t i = 0; i < bias->size(); ++i) (*bias)[i] = beta * each[i % each.size()];
  }
  add_fully_connected(node, n_inputs, n_outputs, std::move(weights), std::move(bias));
}

void graph_builder::add_matmul(const onnx_node& node) {
  const constant_tensor* const given = constant(node, 1);
  if (given == nullptr || given->shape.size() != 2 || given->floats.empty())
    node.refuse("a right side that is no constant [inputs, outputs]", "a constant of floats");
  add_fully_connected(node,
                      given->shape[0],
                      given->shape[1],
                      transposed(given->floats, given->shape[0], given->shape[1]),
                      std::nullopt);
}

void graph_builder::add_softmax(const onnx_node& node) {
  const std::vector<std::uint64_t> in = shape(node, 0);
  constexpr std::int64_t axis_is_one_dimension = 13;
  const bool is_one_dimension = node.opset() >= axis_is_one_dimension;
  const std::int64_t given = node.number("axis", is_one_dimension ? -1 : 1);
  const auto axis = static_cast<std::size_t>(node.from_front(given, in.size()));
  // Before opset 13 it is over all dimensions from the axis on.
  const std::uint64_t n_together =
      is_one_dimension ? in[axis]
                       : n_elements({in.begin() + static_cast<std::ptrdiff_t>(axis), in.end()});
  if (n_together != n_elements(in))
    node.refuse(fmt::format("axis {} of {}", given, text_of(in)),
                "an axis beside which all others are 1");
  const view from = look(node, 0);
  add_operator(
      node, softmax{}, {from.value}, std::vector(made_.values[from.value].shape), 0, from.order);
}

}  // namespace rankwise::inference
