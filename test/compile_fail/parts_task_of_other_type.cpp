// SPDX-License-Identifier: MIT
// EXPECT: rankwise: the task can't be called with a part: it takes `const Part&`, or `Part&`
#include <rankwise/parts.hpp>
#include <rankwise/rankwise.hpp>

#include <string>
#include <vector>

void try_it(rankwise::pool& pool) {
  const auto parts =
      pool.place(std::views::iota(0, 2), [](int n) { return std::vector<double>(n); });
  pool.for_each(parts, [](std::string& part) { part += "!"; });
}
