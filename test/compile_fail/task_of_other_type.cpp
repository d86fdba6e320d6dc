// SPDX-License-Identifier: MIT
// EXPECT: rankwise: the task can't be called with an input
// EXPECT: [with Task = rankwise::function_task<length>; Input = int]
#include <rankwise/rankwise.hpp>

#include <string>
#include <vector>

double length(const std::string& text);

void try_it(rankwise::pool& pool, const std::vector<int>& inputs) {
  const auto results = pool.map(inputs, rankwise::fn<length>);
  (void)results[0];
}
