// SPDX-License-Identifier: MIT
// EXPECT: rankwise: a value that travels between ranks must be assignable
// EXPECT: [with Type = job]
#include <rankwise/rankwise.hpp>

#include <vector>

struct job {
  const int number;
  double cost;
};

double cost_of(const job& one);

void try_it(rankwise::pool& pool, const std::vector<job>& inputs) {
  const auto results = pool.map(inputs, rankwise::fn<cost_of>);
  (void)results[0];
}
