// SPDX-License-Identifier: MIT
// EXPECT: rankwise: a lambda that runs on other ranks can't capture
#include <rankwise/rankwise.hpp>

#include <vector>

void try_it(rankwise::pool& pool, const std::vector<int>& inputs) {
  pool.for_each(inputs, [&](int value) { pool.for_each(std::vector<int>{value}, [](int) {}); });
}
