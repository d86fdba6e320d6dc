// SPDX-License-Identifier: MIT
// EXPECT: rankwise: what std::bind, std::bind_front or std::mem_fn makes can't be sent
#include <rankwise/rankwise.hpp>

#include <functional>
#include <vector>

struct square {
  double edge;

  double area() const { return edge * edge; }
};

void try_it(rankwise::pool& pool, const std::vector<square>& inputs) {
  pool.map(inputs, std::mem_fn(&square::area));
}
