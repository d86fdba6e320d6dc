// SPDX-License-Identifier: MIT
#pragma once

#include "inference/graph.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace rankwise::inference {

/// The values that a cut before operator `position` sends on: operators from there on, or the
/// model's outputs, take them, and they come from before. In ascending order.
///
/// Shapes: position is 0 (the model's inputs that some operator takes) to operators.size() (its
///         outputs).
/// Throws: config_error if position is larger.
std::vector<std::uint32_t> live_values(const graph& whole, std::size_t position);

/// The bytes of `live_values`, as floats.
std::uint64_t live_bytes(const graph& whole, std::size_t position);

/// Operators [first, last) as a graph of its own, with values and weights numbered anew and copies
/// of the weights that it needs. It takes the live values at `first` (the whole's inputs if that is
/// 0) and gives those at `last` (the whole's outputs if that is the end), each in the order that
/// the neighbouring part has them in. A value that merely passes by is input and output.
///
/// Throws: config_error if there is no such operator, or if the range is empty.
graph part_of(const graph& whole, std::size_t first, std::size_t last);

/// The same, with the weights moved out of `whole`.
graph part_of(graph&& whole, std::size_t first, std::size_t last);

/// The parts between `cuts`, in order: cuts.size() + 1 of them. Each weight is moved to the part
/// that needs it, so that no more memory is used; only one that several parts need is copied.
///
/// Shapes: cuts are positions, ascending, each with an operator on both sides.
/// Throws: config_error.
std::vector<graph> split(graph&& whole, std::span<const std::size_t> cuts);

/// `whole` with the shapes of its weights but without their numbers.
graph skeleton_of(const graph& whole);

/// The bytes of the weights and the bias of operator `place`; of a skeleton too.
std::uint64_t weight_bytes(const graph& whole, std::size_t place);

/// The bytes of the values that operator `place` takes and gives.
std::uint64_t activation_bytes(const graph& whole, std::size_t place);

}  // namespace rankwise::inference
