// SPDX-License-Identifier: MIT
// EXPECT: rankwise: a task of pool::expand takes `const Item&`, where Item is the type of the roots
#include <rankwise/expansion.hpp>
#include <rankwise/rankwise.hpp>

#include <functional>

void try_it(rankwise::pool& pool) {
  auto sum = pool.expand({1, 2}, 0, std::plus<>{}, [](const int& item) { return item; });
}
