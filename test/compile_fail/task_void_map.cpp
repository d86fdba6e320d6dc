// SPDX-License-Identifier: MIT
// EXPECT: rankwise: the task returns nothing: use pool::for_each
#include <rankwise/rankwise.hpp>

#include <vector>

void store(int value);

void try_it(rankwise::pool& pool, const std::vector<int>& inputs) {
  pool.map(inputs, rankwise::fn<store>);
}
