// SPDX-License-Identifier: MIT
// EXPECT: rankwise: rankwise::with(values...)(task) takes rankwise::fn<f> or a lambda that captures
// nothing
#include <rankwise/rankwise.hpp>

#include <vector>

void try_it(rankwise::pool& pool, const std::vector<int>& inputs, int offset) {
  pool.map(inputs,
           rankwise::with(2)([offset](int value, int factor) { return factor * value + offset; }));
}
