// SPDX-License-Identifier: MIT
// EXPECT: rankwise: a value that travels between ranks must own its data
#include <rankwise/rankwise.hpp>

#include <functional>
#include <vector>

void try_it(rankwise::pool& pool,
            const std::vector<int>& inputs,
            const std::function<int(int)>& task) {
  pool.map(inputs, task);
}
