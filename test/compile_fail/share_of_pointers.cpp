// SPDX-License-Identifier: MIT
// EXPECT: rankwise: a value that travels between ranks must own its data
#include <rankwise/rankwise.hpp>
#include <rankwise/shared.hpp>

void try_it(rankwise::pool& pool, const std::vector<const int*>& pointers) {
  const auto handle = pool.share(pointers);
}
