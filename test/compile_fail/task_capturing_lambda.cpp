// SPDX-License-Identifier: MIT
// EXPECT: rankwise: a lambda that runs on other ranks can't capture
// EXPECT: put it into the inputs, or write a struct with operator() whose members can be sent
#include <rankwise/rankwise.hpp>

#include <vector>

void try_it(rankwise::pool& pool, const std::vector<int>& inputs, int factor) {
  pool.map(inputs, [factor](int value) { return factor * value; });
}
