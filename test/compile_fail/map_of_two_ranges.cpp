// SPDX-License-Identifier: MIT
// EXPECT: rankwise: pool::map takes one range and a task
// EXPECT: put the ranges into one of pairs or tuples
#include <rankwise/rankwise.hpp>

#include <vector>

double product(int left, double right);

void try_it(rankwise::pool& pool, const std::vector<int>& left, const std::vector<double>& right) {
  const auto results = pool.map(left, right, rankwise::fn<product>);
  (void)results[0];
}
