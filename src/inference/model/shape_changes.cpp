// SPDX-License-Identifier: MIT
#include "inference/model/shape_changes.hpp"

#include "inference/graph.hpp"
#include "inference/model/shape_text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstddef>

namespace rankwise::inference {

const std::vector<std::int64_t>& whole_numbers(const onnx_node& node,
                                               const constant_tensor& from,
                                               const char* what) {
  if (!from.floats.empty() || from.shape.size() > 1)
    node.refuse(fmt::format("{} of shape {}, or no whole numbers", what, text_of(from.shape)),
                "a list of whole numbers");
  return from.numbers;
}

std::vector<std::uint64_t> reshaped(const onnx_node& node,
                                    const std::vector<std::uint64_t>& from,
                                    const std::vector<std::int64_t>& target) {
  std::vector<std::uint64_t> shape;
  std::optional<std::size_t> open;
  std::uint64_t known = 1;
  const auto refuse = [&] {
    node.refuse(
        fmt::format("shape [{}] for {}", fmt::join(target, ", "), text_of(from)),
        "as many elements, in sizes above 0, one of which may be -1, and 0 for the input's size");
  };
  for (std::size_t i = 0; i < target.size(); ++i) {
    std::int64_t size = target[i];
    if (size == 0 && node.number("allowzero", 0) == 0 && i < from.size())
      size = static_cast<std::int64_t>(from[i]);
    if (size == -1 && !open) {
      open = i;
      shape.push_back(1);
      continue;
    }
    if (size < 1 || static_cast<std::uint64_t>(size) > most_elements ||
        known > most_elements / static_cast<std::uint64_t>(size))
      refuse();
    shape.push_back(static_cast<std::uint64_t>(size));
    known *= static_cast<std::uint64_t>(size);
  }
  if (open) shape[*open] = n_elements(from) / known;
  if (n_elements(shape) != n_elements(from)) refuse();
  return shape;
}

std::vector<std::uint64_t> squeezed(const onnx_node& node,
                                    const std::vector<std::uint64_t>& from,
                                    const std::optional<std::vector<std::int64_t>>& axes) {
  std::vector<bool> is_left_out(from.size());
  for (std::size_t i = 0; i < from.size(); ++i) is_left_out[i] = !axes && from[i] == 1;
  for (const std::int64_t one : axes.value_or(std::vector<std::int64_t>{})) {
    const auto axis = static_cast<std::size_t>(node.from_front(one, from.size()));
    if (from[axis] != 1)
      node.refuse(fmt::format("axis {} of {}", one, text_of(from)), "an axis of size 1");
    is_left_out[axis] = true;
  }
  std::vector<std::uint64_t> shape;
  for (std::size_t i = 0; i < from.size(); ++i)
    if (!is_left_out[i]) shape.push_back(from[i]);
  return shape;
}

std::vector<std::uint64_t> unsqueezed(const onnx_node& node,
                                      const std::vector<std::uint64_t>& from,
                                      const std::optional<std::vector<std::int64_t>>& axes) {
  if (!axes) node.refuse("no axes", "a list of whole numbers");
  constexpr std::size_t most_dimensions = 16;
  const std::size_t n = from.size() + axes->size();
  if (n > most_dimensions)
    node.refuse(fmt::format("{} dimensions", n), fmt::format("{} at most", most_dimensions));
  std::vector<bool> is_new(n);
  for (const std::int64_t one : *axes) {
    const auto axis = static_cast<std::size_t>(node.from_front(one, n));
    if (is_new[axis]) node.refuse(fmt::format("axis {} twice", one), "each axis once");
    is_new[axis] = true;
  }
  std::vector<std::uint64_t> shape;
  auto next = from.begin();
  for (const bool is_one : is_new) shape.push_back(is_one ? 1 : *next++);
  return shape;
}

dimension_order order_of_transpose(const onnx_node& node, std::size_t n_dimensions) {
  dimension_order order;
  std::vector<bool> is_taken(n_dimensions);
  const auto given = node.numbers("perm");
  for (std::size_t i = 0; i < n_dimensions; ++i) {
    const std::int64_t from = !given              ? static_cast<std::int64_t>(n_dimensions - 1 - i)
                              : i < given->size() ? (*given)[i]
                                                  : -1;
    const bool is_there = from >= 0 && from < static_cast<std::int64_t>(n_dimensions) &&
                          !is_taken[static_cast<std::size_t>(from)];
    if (!is_there || (given && given->size() != n_dimensions))
      node.refuse(fmt::format("perm [{}] of {} dimensions", fmt::join(*given, ", "), n_dimensions),
                  "each dimension once");
    is_taken[static_cast<std::size_t>(from)] = true;
    order.push_back(static_cast<std::uint32_t>(from));
  }
  return order;
}

std::optional<std::vector<std::int64_t>> numbers_of(const onnx_node& node,
                                                    const char* attribute,
                                                    int place,
                                                    const constant_tensor* input) {
  if (node.input(place).empty()) return node.numbers(attribute);
  if (input == nullptr)
    node.refuse(fmt::format("input {} ('{}'), which is no constant", place, node.input(place)),
                "a constant");
  return whole_numbers(node, *input, attribute);
}

}  // namespace rankwise::inference
