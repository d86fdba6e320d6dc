// SPDX-License-Identifier: MIT
// EXPECT: rankwise: these inputs have no end: give std::views::iota a last value
#include <rankwise/rankwise.hpp>

#include <ranges>

int twice(int value);

void try_it(rankwise::pool& pool) {
  const auto results = pool.map(std::views::iota(0), rankwise::fn<twice>);
  (void)results[0];
}
