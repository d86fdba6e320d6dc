// SPDX-License-Identifier: MIT
// EXPECT: rankwise: pool::submit takes rankwise::fn<f> or a lambda that captures nothing
#include <rankwise/future.hpp>
#include <rankwise/rankwise.hpp>

void try_it(rankwise::pool& pool, int factor) {
  auto product = pool.submit([factor](int value) { return factor * value; }, 2);
}
