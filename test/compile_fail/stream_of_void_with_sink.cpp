// SPDX-License-Identifier: MIT
// EXPECT: rankwise: the task returns nothing, so that nothing comes to the sink
#include <rankwise/rankwise.hpp>
#include <rankwise/stream.hpp>

#include <ranges>

void try_it(rankwise::pool& pool) {
  pool.stream(
      std::views::iota(0), [](int /*value*/) {}, [](int /*value*/) {});
}
