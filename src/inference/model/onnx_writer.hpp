// SPDX-License-Identifier: MIT
#pragma once

#include "inference/graph.hpp"

#include <cstdint>
#include <string>

namespace rankwise::inference {

/// Which form of ONNX is written.
struct write_options {
  std::uint32_t opset = 11;  ///< 9 to 12; below 11 the limits of a Clip are attributes
};

/// A model as the bytes of an ONNX file: each operator as one node, or as two where its output is
/// clamped. `read_onnx` makes the same graph of it.
///
/// Throws: config_error if it has no weights, or is larger than 2 GiB.
std::string write_onnx(const graph& model, const write_options& how = {});

}  // namespace rankwise::inference
