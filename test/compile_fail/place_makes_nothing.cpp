// SPDX-License-Identifier: MIT
// EXPECT: rankwise: the task of pool::place returns nothing
#include <rankwise/parts.hpp>
#include <rankwise/rankwise.hpp>

#include <ranges>

void try_it(rankwise::pool& pool) {
  auto parts = pool.place(std::views::iota(0, 2), [](int) {});
}
