// SPDX-License-Identifier: MIT
// EXPECT: rankwise: combine can't be called with two values of the type of `initial`
#include <rankwise/rankwise.hpp>

#include <string>
#include <vector>

void try_it(rankwise::pool& pool, const std::vector<int>& inputs) {
  (void)pool.reduce(
      inputs, 0, [](const std::string& left, const std::string& right) { return left + right; });
}
