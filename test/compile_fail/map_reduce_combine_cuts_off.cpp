// SPDX-License-Identifier: MIT
// EXPECT: rankwise: combine takes or returns a type that can't hold each value
#include <rankwise/map_reduce.hpp>
#include <rankwise/rankwise.hpp>

#include <vector>

void try_it(rankwise::pool& pool, const std::vector<int>& inputs) {
  pool.map_reduce(
      inputs,
      [](int value, rankwise::emitter<int, int>& emit) { emit(value % 10, value); },
      [](double left, double right) { return left + right; });
}
