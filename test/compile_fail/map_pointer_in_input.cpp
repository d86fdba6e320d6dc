// SPDX-License-Identifier: MIT
// EXPECT: rankwise: a value that travels between ranks must own its data
// EXPECT: [with Type = particle*]
#include <rankwise/rankwise.hpp>

#include <vector>

struct particle {
  double place;
  particle* next;
};

double place_of(const particle& one);

void try_it(rankwise::pool& pool, const std::vector<particle>& inputs) {
  const auto results = pool.map(inputs, rankwise::fn<place_of>);
  (void)results[0];
}
