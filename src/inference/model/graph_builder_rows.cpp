// SPDX-License-Identifier: MIT
// The nodes of graph_builder that make rows, or take them.
#include "inference/model/graph_builder.hpp"
#include "inference/model/shape_text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstddef>
#include <utility>

namespace rankwise::inference {

void graph_builder::add_reshape_to(const onnx_node& node, std::vector<std::uint64_t> shape) {
  const std::uint32_t from = value(node, 0);
  if (n_elements(shape) != n_elements(made_.values[from].shape) || shape.empty() || shape[0] != 1)
    node.refuse(
        fmt::format(
            "shape {} for a value of shape {}", text_of(shape), text_of(made_.values[from].shape)),
        "as many elements, and 1 in front");
  add_operator(node, reshape{}, {from}, std::move(shape), 0);
}

void graph_builder::add_flatten(const onnx_node& node) {
  const std::vector<std::uint64_t>& in = made_.values[value(node, 0)].shape;
  const std::int64_t axis = node.number("axis", 1);
  if (axis != 1 && axis != 1 - static_cast<std::int64_t>(in.size()))
    node.refuse(fmt::format("axis {}", axis), "axis 1");
  add_reshape_to(node, {1, n_elements(in)});
}

void graph_builder::add_reshape(const onnx_node& node) {
  const std::vector<std::uint64_t>& in = made_.values[value(node, 0)].shape;
  const constant_tensor* const target = constant(node, 1);
  if (target == nullptr || !target->floats.empty())
    node.refuse("a shape that is no constant of whole numbers", "a constant");
  std::vector<std::uint64_t> shape;
  std::optional<std::size_t> open;
  std::uint64_t known = 1;
  for (std::size_t i = 0; i < target->numbers.size(); ++i) {
    std::int64_t size = target->numbers[i];
    if (size == 0 && node.number("allowzero", 0) == 0 && i < in.size())
      size = static_cast<std::int64_t>(in[i]);
    if (size == -1 && !open) {
      open = i;
      shape.push_back(1);
      continue;
    }
    if (size < 1 || static_cast<std::uint64_t>(size) > most_elements ||
        known > most_elements / static_cast<std::uint64_t>(size))
      node.refuse(fmt::format("shape [{}]", fmt::join(target->numbers, ", ")),
                  "sizes above 0, one -1, and 0 for an input's size");
    shape.push_back(static_cast<std::uint64_t>(size));
    known *= static_cast<std::uint64_t>(size);
  }
  if (open) shape[*open] = n_elements(in) / known;
  add_reshape_to(node, std::move(shape));
}

void graph_builder::add_fully_connected(const onnx_node& node,
                                        std::uint64_t n_inputs,
                                        std::uint64_t n_outputs,
                                        std::vector<float> weights,
                                        std::optional<std::vector<float>> bias) {
  const std::uint32_t from = value(node, 0);
  const std::vector<std::uint64_t>& in = made_.values[from].shape;
  if (in.size() != 2 || in[1] != n_inputs)
    node.refuse(fmt::format("a value of shape {} and weights for {}", text_of(in), n_inputs),
                "a row [1, inputs] with a weight for each");
  operator_node& made = add_operator(node, fully_connected{}, {from}, {1, n_outputs}, 1);
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
  const std::uint32_t from = value(node, 0);
  const std::vector<std::uint64_t> shape = made_.values[from].shape;
  constexpr std::int64_t axis_is_one_dimension = 13;
  const std::int64_t otherwise = node.opset() < axis_is_one_dimension ? 1 : -1;
  if (shape.size() != 2 || node.from_front(node.number("axis", otherwise), 2) != 1)
    node.refuse(fmt::format("axis {} of {}", node.number("axis", otherwise), text_of(shape)),
                "the last axis of a row [1, n]");
  add_operator(node, softmax{}, {from}, shape, 0);
}

}  // namespace rankwise::inference
