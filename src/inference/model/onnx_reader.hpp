// SPDX-License-Identifier: MIT
#pragma once

#include "inference/graph.hpp"

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>

namespace rankwise::inference {

/// Reads a model in ONNX, opsets 7 to 18, of one image [1, channels, height, width] (any batch size
/// that is given as a name or not at all is 1), whose operators are those of `graph`: Conv,
/// BatchNormalization, Clip, Relu, Add, GlobalAveragePool, ReduceMean over height and width,
/// AveragePool, MaxPool, Concat, Flatten, Reshape, Gemm and MatMul with constant weights, Softmax;
/// Dropout, Identity and Constant vanish. `name` is the file's, for errors.
///
/// Throws: config_error, naming the node, where the model is something else.
/// Source: the ONNX operator specification, https://onnx.ai/onnx/operators/.
graph read_onnx(std::span<const std::byte> bytes, const std::string& name);

/// The same from a file.
graph read_onnx_file(const std::filesystem::path& path);

}  // namespace rankwise::inference
