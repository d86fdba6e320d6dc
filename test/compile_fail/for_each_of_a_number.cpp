// SPDX-License-Identifier: MIT
// EXPECT: rankwise: pool::for_each takes a range of inputs
#include <rankwise/rankwise.hpp>

void store(int value);

void try_it(rankwise::pool& pool) {
  pool.for_each(100, rankwise::fn<store>);
}
