// SPDX-License-Identifier: MIT
// EXPECT: rankwise: the task can't be called with an input
// EXPECT: after a `task_context&` if it wants one
#include <rankwise/rankwise.hpp>

#include <vector>

int number(int value, rankwise::task_context& context);

void try_it(rankwise::pool& pool, const std::vector<int>& inputs) {
  const auto results = pool.map(inputs, rankwise::fn<number>);
  (void)results[0];
}
