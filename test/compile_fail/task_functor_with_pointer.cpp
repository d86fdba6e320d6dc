// SPDX-License-Identifier: MIT
// EXPECT: rankwise: a value that travels between ranks must own its data
#include <rankwise/rankwise.hpp>

#include <vector>

struct look_up {
  const int* table;

  int operator()(int index) const { return table[index]; }
};

void try_it(rankwise::pool& pool, const std::vector<int>& inputs, const int* table) {
  pool.map(inputs, look_up{table});
}
