// SPDX-License-Identifier: MIT
#pragma once

#include "inference/model/onnx_node.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace rankwise::inference {

/// The operators that are computed while a model is read, and that are nothing else: all that they
/// take must be constant.
const std::vector<std::string>& operators_of_constants();

/// What a node makes of constants, null where an input is left out; none where its operator is not
/// one that is computed while a model is read.
///
/// Throws: config_error, naming the node, where the constants do not fit it.
std::optional<constant_tensor> folded(const onnx_node& node,
                                      const std::vector<const constant_tensor*>& inputs);

/// What a Shape node gives for an input of that shape.
constant_tensor shape_as_constant(const onnx_node& node, const std::vector<std::uint64_t>& shape);

}  // namespace rankwise::inference
