// SPDX-License-Identifier: MIT
// EXPECT: rankwise: a lambda that runs on other ranks can't capture
// EXPECT: write rankwise::with(value)([](const auto& input, const auto& value) { ... })
#include <rankwise/rankwise.hpp>

#include <vector>

void try_it(rankwise::pool& pool, const std::vector<int>& inputs, int factor) {
  pool.map(inputs, [factor](int value) { return factor * value; });
}
