// SPDX-License-Identifier: MIT
#pragma once

#include "inference/graph.hpp"

namespace rankwise::inference {

/// The part of `whole` that its outputs need. Operators, values (but for the inputs) and weights
/// that no output needs are left out; the others get new numbers in their order.
graph needed_part(graph whole);

}  // namespace rankwise::inference
