// SPDX-License-Identifier: MIT
// EXPECT: rankwise: a pointer to a function means nothing on another rank
// EXPECT: write rankwise::fn<f> for the function f
#include <rankwise/rankwise.hpp>

#include <vector>

int twice(int value);

void try_it(rankwise::pool& pool, const std::vector<int>& inputs) {
  pool.map(inputs, twice);
}
