// SPDX-License-Identifier: MIT
#pragma once

#include "inference/graph.hpp"

namespace rankwise::inference {

/// `from` without what its outputs do not need: operators, values (but for the inputs) and weights,
/// which get new numbers in their order.
graph pruned(graph from);

}  // namespace rankwise::inference
