// SPDX-License-Identifier: MIT
// EXPECT: rankwise: the task can't be called with an input
#include <rankwise/rankwise.hpp>
#include <rankwise/shared_best.hpp>

void try_it(rankwise::pool& pool) {
  const auto best = pool.shared_min(1);
  pool.for_each({1, 2}, rankwise::with(best)([](int item, rankwise::shared_min<int>& its) {
                  its.offer(item);
                }));
}
