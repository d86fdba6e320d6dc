// SPDX-License-Identifier: MIT
// EXPECT: rankwise: the task of pool::expand returns nothing
#include <rankwise/expansion.hpp>
#include <rankwise/rankwise.hpp>

#include <functional>

void try_it(rankwise::pool& pool) {
  auto sum =
      pool.expand({1, 2}, 0, std::plus<>{}, [](const int& item, rankwise::expansion<int>& more) {
        more.push(item);
      });
}
