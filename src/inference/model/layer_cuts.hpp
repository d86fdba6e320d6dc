// SPDX-License-Identifier: MIT
#pragma once

#include "inference/graph.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace rankwise::inference {

/// Cuts that are counted in layers as Keras has them: in its MobileNetV2 of 157 layers a
/// convolution, its normalization, its activation and a padding count one each, where the model has
/// one operator. Each stage ends at the operator whose end is nearest to the wanted layer.
///
/// Shapes: one number for each stage; the result has one position fewer, as for `split`.
/// Throws: config_error unless the numbers add up to the layers of the model, with an operator for
/// each stage.
std::vector<std::size_t> cuts_of_layers(const graph& whole, std::span<const std::uint32_t> layers);

/// The same with numbers of operators.
std::vector<std::size_t> cuts_of_operators(const graph& whole,
                                           std::span<const std::uint32_t> operators);

/// Layers of all operators.
std::uint64_t n_layers(const graph& whole);

}  // namespace rankwise::inference
