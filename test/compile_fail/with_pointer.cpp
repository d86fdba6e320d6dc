// SPDX-License-Identifier: MIT
// EXPECT: rankwise: a value that travels between ranks must own its data
#include <rankwise/rankwise.hpp>

#include <vector>

void try_it(rankwise::pool& pool, const std::vector<int>& inputs, const double* table) {
  pool.map(inputs, rankwise::with(table)([](int value, const double* all) { return all[value]; }));
}
