// SPDX-License-Identifier: MIT
// EXPECT: rankwise: combine takes or returns a type that can't hold each value
#include <rankwise/rankwise.hpp>

#include <vector>

int sum(int left, int right);

void try_it(rankwise::pool& pool, const std::vector<double>& inputs) {
  (void)pool.reduce(inputs, 0.0, rankwise::fn<sum>);
}
