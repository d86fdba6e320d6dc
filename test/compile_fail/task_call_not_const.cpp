// SPDX-License-Identifier: MIT
// EXPECT: rankwise: the task can't be called with an input
// EXPECT: and its operator() is const
// EXPECT: [with Task = counter; Input = int]
#include <rankwise/rankwise.hpp>

#include <vector>

struct counter {
  int n = 0;

  int operator()(int value) { return n += value; }
};

void try_it(rankwise::pool& pool, const std::vector<int>& inputs) {
  const auto results = pool.map(inputs, counter{});
  (void)results[0];
}
