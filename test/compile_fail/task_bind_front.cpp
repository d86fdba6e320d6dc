// SPDX-License-Identifier: MIT
// EXPECT: rankwise: what std::bind, std::bind_front or std::mem_fn makes can't be sent
// EXPECT: write rankwise::with(arguments...)(rankwise::fn<f>), which go behind the input
#include <rankwise/rankwise.hpp>

#include <functional>
#include <vector>

double scale(double factor, double value);

void try_it(rankwise::pool& pool, const std::vector<double>& inputs) {
  pool.map(inputs, std::bind_front(scale, 3.0));
}
