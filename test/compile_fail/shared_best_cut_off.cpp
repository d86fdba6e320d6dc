// SPDX-License-Identifier: MIT
// EXPECT: rankwise: a shared_min or shared_max of integers is offered what would be cut off
#include <rankwise/rankwise.hpp>
#include <rankwise/shared_best.hpp>

void try_it(rankwise::pool& pool) {
  const auto best = pool.shared_min(1000);
  best.offer(0.5);
}
