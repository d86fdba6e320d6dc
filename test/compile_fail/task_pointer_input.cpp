// SPDX-License-Identifier: MIT
// EXPECT: rankwise: a value that travels between ranks must own its data
#include <rankwise/rankwise.hpp>

#include <vector>

void try_it(rankwise::pool& pool, const std::vector<const int*>& inputs) {
  pool.map(inputs, [](const int* value) { return *value; });
}
