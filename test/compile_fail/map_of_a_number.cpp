// SPDX-License-Identifier: MIT
// EXPECT: rankwise: pool::map takes a range of inputs
// EXPECT: for the numbers from 0 to n - 1 write std::views::iota(0, n)
#include <rankwise/rankwise.hpp>

int twice(int value);

void try_it(rankwise::pool& pool) {
  const auto results = pool.map(100, rankwise::fn<twice>);
  (void)results[0];
}
