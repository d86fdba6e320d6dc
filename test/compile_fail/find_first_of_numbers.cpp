// SPDX-License-Identifier: MIT
// EXPECT: rankwise: a task of pool::find_first returns a bool, or a std::optional of what it has
// found
#include <rankwise/rankwise.hpp>

#include <vector>

void try_it(rankwise::pool& pool, const std::vector<int>& inputs) {
  const auto first = pool.find_first(inputs, [](int value) { return value - 3; });
  if (first) return;
}
