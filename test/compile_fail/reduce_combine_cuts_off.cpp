// SPDX-License-Identifier: MIT
// EXPECT: rankwise: combine takes or returns a type that can't hold each value
#include <rankwise/rankwise.hpp>

#include <vector>

void try_it(rankwise::pool& pool, const std::vector<int>& inputs) {
  (void)pool.reduce(inputs, 0, [](double left, double right) { return left + right; });
}
