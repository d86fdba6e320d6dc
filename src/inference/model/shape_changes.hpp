// SPDX-License-Identifier: MIT
#pragma once

#include "inference/model/dimension_order.hpp"
#include "inference/model/onnx_node.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace rankwise::inference {

/// The shape that a Reshape to `target` gives to what has the shape `from`: 0 keeps a size, -1 is
/// what is left.
///
/// Throws: config_error, naming the node, where the numbers of elements differ.
std::vector<std::uint64_t> reshaped(const onnx_node& node,
                                    const std::vector<std::uint64_t>& from,
                                    const std::vector<std::int64_t>& target);

/// The shape `from` without the dimensions `axes`, each of size 1; without axes, without all such.
std::vector<std::uint64_t> squeezed(const onnx_node& node,
                                    const std::vector<std::uint64_t>& from,
                                    const std::optional<std::vector<std::int64_t>>& axes);

/// The shape `from` with dimensions of size 1 that are then at `axes`.
std::vector<std::uint64_t> unsqueezed(const onnx_node& node,
                                      const std::vector<std::uint64_t>& from,
                                      const std::optional<std::vector<std::int64_t>>& axes);

/// The order of a Transpose: its perm, or all dimensions backwards.
dimension_order order_of_transpose(const onnx_node& node, std::size_t n_dimensions);

/// The list of whole numbers that a constant is; `what` it is to be, for the error.
const std::vector<std::int64_t>& whole_numbers(const onnx_node& node,
                                               const constant_tensor& from,
                                               const char* what);

/// The whole numbers that newer opsets take as the input at `place`, and older ones as an
/// attribute; `input` is null where the input is left out.
///
/// Throws: config_error, naming the node, where the input is something else.
std::optional<std::vector<std::int64_t>> numbers_of(const onnx_node& node,
                                                    const char* attribute,
                                                    int place,
                                                    const constant_tensor* input);

}  // namespace rankwise::inference
