// SPDX-License-Identifier: MIT
// EXPECT: rankwise: the sink can't be called with what the task returns
#include <rankwise/rankwise.hpp>
#include <rankwise/stream.hpp>

#include <ranges>
#include <string>

void try_it(rankwise::pool& pool) {
  pool.stream(
      std::views::iota(0), [](int value) { return value; }, [](const std::string& /*text*/) {});
}
