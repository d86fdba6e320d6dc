// SPDX-License-Identifier: MIT
#pragma once

#include "inference/graph.hpp"

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>

namespace rankwise::inference {

/// Reads a model in ONNX, opsets 7 to 21, of one image [1, channels, height, width], or [1, height,
/// width, channels] where a Transpose brings the channels to the front (any batch size that is
/// given as a name or not at all is 1). `name` is the file's, for errors.
///
/// Its nodes become the operators of `graph`: Conv, BatchNormalization, Clip, Relu, Min and Max
/// with a constant, Add and Sum, Add, Sub, Mul and Div by a constant for each channel, Pad with a
/// constant, GlobalAveragePool, ReduceMean over height and width, AveragePool, MaxPool, Concat,
/// Flatten, Reshape, Squeeze, Unsqueeze, Transpose, Gemm and MatMul with constant weights, Softmax
/// over all that there is; Dropout, Identity, Constant and Cast to FLOAT vanish. Shape, and what is
/// made of constants alone (Gather, Slice, Concat and others), is computed here.
///
/// Throws: config_error, naming the node, where the model is something else.
/// Source: the ONNX operator specification, https://onnx.ai/onnx/operators/.
graph read_onnx(std::span<const std::byte> bytes, const std::string& name);

/// The same from a file.
graph read_onnx_file(const std::filesystem::path& path);

}  // namespace rankwise::inference
