// SPDX-License-Identifier: MIT
// Parts that stay on the ranks of a simulated job.
#pragma once

#include <rankwise/parts.hpp>
#include <rankwise/pool.hpp>

#include "schedule/plan.hpp"
#include "schedule/situation.hpp"

#include <cstdint>
#include <ranges>
#include <vector>

namespace rankwise::test {

/// Tells whether the part was changed as often as it should.
struct part_value_task {
  std::uint32_t call = 0;

  std::uint64_t operator()(task_context& context, const std::uint64_t& part) const {
    const std::uint64_t value = value_task{call}(context, part / 8);
    return part % 8 == 3 ? value : ~value;
  }
};

/// Places parts, changes them three times, and has the tasks of the call look at them.
inline bool places_right(const pool& ranks, std::uint32_t call, std::uint64_t n_items) {
  const auto parts = ranks.place(std::views::iota(std::uint64_t{0}, n_items),
                                 [](std::uint64_t item) { return 8 * item; });
  for (int i = 0; i < 3; ++i) ranks.for_each(parts, [](std::uint64_t& part) { ++part; });
  const std::vector<std::uint64_t> found = ranks.map(parts, part_value_task{call});
  if (found.size() != n_items) return false;
  for (std::uint64_t item = 0; item < n_items; ++item) {
    if (found[item] != value_of(item)) return false;
  }
  return true;
}

}  // namespace rankwise::test
