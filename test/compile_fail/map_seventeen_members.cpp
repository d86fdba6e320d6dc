// SPDX-License-Identifier: MIT
// EXPECT: rankwise: a value that travels between ranks has at most 16 members, and this type has
// more EXPECT: [with Type = settings]
#include <rankwise/rankwise.hpp>

#include <string>
#include <vector>

struct settings {
  double a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p;
  std::string q;
};

double cost_of(const settings& one);

void try_it(rankwise::pool& pool, const std::vector<settings>& inputs) {
  const auto results = pool.map(inputs, rankwise::fn<cost_of>);
  (void)results[0];
}
