// SPDX-License-Identifier: MIT
// EXPECT: rankwise: pool::shared_min and shared_max hold one number
#include <rankwise/rankwise.hpp>
#include <rankwise/shared_best.hpp>

#include <string>

void try_it(rankwise::pool& pool) {
  pool.shared_min(std::string("a"));
}
