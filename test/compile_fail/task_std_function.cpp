// SPDX-License-Identifier: MIT
// EXPECT: rankwise: a std::function can't travel between ranks
// EXPECT: use rankwise::fn<f>, a lambda that captures nothing, or a struct with operator()
// EXPECT: [with Type = std::function<int(int)>]
#include <rankwise/rankwise.hpp>

#include <functional>
#include <vector>

void try_it(rankwise::pool& pool,
            const std::vector<int>& inputs,
            const std::function<int(int)>& task) {
  pool.map(inputs, task);
}
