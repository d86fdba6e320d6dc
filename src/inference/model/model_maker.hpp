// SPDX-License-Identifier: MIT
#pragma once

#include "inference/graph.hpp"

#include <cstdint>

namespace rankwise::inference {

/// What a made-up model is to be like.
struct model_options {
  double width = 1;          ///< of its layers, from 0.1 to 4
  std::uint32_t size = 224;  ///< height and width of pictures
  std::uint32_t n_classes = 1000;
  std::uint64_t seed = 1;  ///< of its weights
};

/// A MobileNetV2 with random weights, the same on every machine: as fast as a trained one, and as
/// large, but what it says of pictures means nothing.
///
/// Source: Sandler et al., "MobileNetV2: inverted residuals and linear bottlenecks", CVPR 2018,
/// table 2; padding as Keras has it.
graph make_mobilenet_v2(const model_options& how);

}  // namespace rankwise::inference
