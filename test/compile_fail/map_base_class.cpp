// SPDX-License-Identifier: MIT
// EXPECT: rankwise: a value that travels between ranks can't have a base class
// EXPECT: make the base a member, or add a serialize function
// EXPECT: [with Type = job]
#include <rankwise/rankwise.hpp>

#include <string>
#include <vector>

struct numbered {
  int number;
};

struct job : numbered {
  std::string name;
};

int cost_of(const job& one);

void try_it(rankwise::pool& pool, const std::vector<job>& inputs) {
  const auto results = pool.map(inputs, rankwise::fn<cost_of>);
  (void)results[0];
}
