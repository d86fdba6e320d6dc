// SPDX-License-Identifier: MIT
// EXPECT: rankwise: what the task returns can't become a value of the type of `initial`
#include <rankwise/rankwise.hpp>

#include <functional>
#include <string>
#include <vector>

std::string text_of(int value);

void try_it(rankwise::pool& pool, const std::vector<int>& inputs) {
  (void)pool.reduce(inputs, 0, std::plus<>{}, rankwise::fn<text_of>);
}
