// SPDX-License-Identifier: MIT
#pragma once

#include "inference/graph.hpp"

#include <cstdint>
#include <vector>

namespace rankwise::inference {

struct measure_options {
  std::uint32_t n_runs = 7;        ///< after one that warms up
  std::uint64_t memory_bytes = 0;  ///< for weights and values at once; 0: no limit
};

/// Seconds that each operator takes on this host, on one thread: of some runs the shortest of each,
/// scaled so that they add up to the shortest run.
///
/// The weights of `skeleton` may be missing: others are made up, since times do not depend on them.
/// Where memory is limited the model is measured in pieces, one after the other.
///
/// Shapes: the result is [operators of the graph].
/// Throws: config_error where an operator can't be run.
std::vector<double> measure_operators(const graph& skeleton, const measure_options& how = {});

}  // namespace rankwise::inference
