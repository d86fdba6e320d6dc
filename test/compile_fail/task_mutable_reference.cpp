// SPDX-License-Identifier: MIT
// EXPECT: rankwise: the task can't be called with an input: it takes `const Input&` or `Input`
#include <rankwise/rankwise.hpp>

#include <vector>

int next(int& value);

void try_it(rankwise::pool& pool, const std::vector<int>& inputs) {
  pool.map(inputs, rankwise::fn<next>);
}
