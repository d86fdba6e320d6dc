// SPDX-License-Identifier: MIT
// EXPECT: rankwise: a rankwise::shared is given to tasks and mappers alone
#include <rankwise/rankwise.hpp>
#include <rankwise/shared.hpp>

void try_it(rankwise::pool& pool) {
  const auto combine = rankwise::with(pool.share(1))(
      [](int left, int right, const int& one) { return left + right + one; });
  pool.reduce(std::vector{1, 2}, 0, combine);
}
