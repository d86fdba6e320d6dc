// SPDX-License-Identifier: MIT
// EXPECT: rankwise: what the task returns does not fit into a value of the type of `initial`
// EXPECT: begin with a value of its type, such as 0.0
// EXPECT: [with Result = double; Value = int]
#include <rankwise/rankwise.hpp>

#include <functional>
#include <vector>

double half(int value);

void try_it(rankwise::pool& pool, const std::vector<int>& inputs) {
  (void)pool.reduce(inputs, 0, std::plus<>{}, rankwise::fn<half>);
}
