// SPDX-License-Identifier: MIT
// EXPECT: rankwise: a rankwise::shared goes to tasks by rankwise::with
#include <rankwise/rankwise.hpp>
#include <rankwise/shared.hpp>

void try_it(rankwise::pool& pool) {
  const std::vector handles{pool.share(1), pool.share(2)};
  pool.for_each(handles, [](const rankwise::shared<int>& handle) { return *handle; });
}
