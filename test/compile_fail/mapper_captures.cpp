// SPDX-License-Identifier: MIT
// EXPECT: rankwise: a lambda that runs on other ranks can't capture
#include <rankwise/map_reduce.hpp>
#include <rankwise/rankwise.hpp>

#include <functional>
#include <vector>

void try_it(rankwise::pool& pool, const std::vector<int>& inputs, int factor) {
  pool.map_reduce(
      inputs,
      [factor](int value, rankwise::emitter<int, int>& emit) { emit(value % 10, factor * value); },
      std::plus<>{});
}
