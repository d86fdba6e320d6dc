// SPDX-License-Identifier: MIT
// EXPECT: rankwise: the task can't be called with an input
// EXPECT: as many parameters as a std::pair or std::tuple has parts
#include <rankwise/rankwise.hpp>

#include <string>
#include <utility>
#include <vector>

int product(int left, const std::string& right);

void try_it(rankwise::pool& pool, const std::vector<std::pair<int, double>>& inputs) {
  const auto results = pool.map(inputs, rankwise::fn<product>);
  (void)results[0];
}
