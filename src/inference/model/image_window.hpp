// SPDX-License-Identifier: MIT
#pragma once

#include "inference/graph.hpp"
#include "inference/model/onnx_node.hpp"

#include <cstdint>
#include <vector>

namespace rankwise::inference {

/// The window that a node of ONNX slides over an image of `shape` [1, channels, height, width]: its
/// kernel_shape (1 x 1 where there is none), strides, dilations, and pads or auto_pad.
///
/// Throws: config_error.
window read_window(const onnx_node& node, const std::vector<std::uint64_t>& shape);

/// The shape of what `over`, slid over an image of `shape`, gives.
///
/// Throws: config_error where the window is larger than the image with its pads.
std::vector<std::uint64_t> slid(const onnx_node& node,
                                const window& over,
                                const std::vector<std::uint64_t>& shape,
                                std::uint64_t n_channels);

/// The same for a pooling window. Where it `rounds_up` (ceil_mode), a last window may reach past
/// the pads; one that would begin behind the image is left out, as in PyTorch, and in ONNX from
/// opset 19 on.
///
/// Throws: config_error where the window is larger than the image with its pads.
std::vector<std::uint64_t> pooled(const onnx_node& node,
                                  const window& over,
                                  const std::vector<std::uint64_t>& shape,
                                  bool rounds_up);

/// Throws: config_error where one of the windows that give `output` covers no part of the image:
/// what it gives is not defined.
void require_image_in_windows(const onnx_node& node,
                              const window& over,
                              const std::vector<std::uint64_t>& shape,
                              const std::vector<std::uint64_t>& output);

}  // namespace rankwise::inference
