// SPDX-License-Identifier: MIT
#include <rankwise/rankwise.hpp>

#include <fmt/core.h>

#include <cstddef>
#include <cstdint>
#include <ranges>

// How many steps n -> n / 2 (even) or n -> 3 n + 1 (odd) lead from `start` to 1?
int count_steps(std::uint64_t start) {
  int n_steps = 0;
  for (std::uint64_t n = start; n != 1; ++n_steps) n = n % 2 == 0 ? n / 2 : 3 * n + 1;
  return n_steps;
}

int main(int argc, char** argv) {
  return rankwise::run(argc, argv, [](rankwise::pool& pool) {
    const auto starts = std::views::iota(std::uint64_t{1}, std::uint64_t{8});
    const auto steps = pool.map(starts, rankwise::fn<count_steps>);
    for (std::size_t i = 0; i < steps.size(); ++i)
      fmt::print("{}: {} steps\n", starts[i], steps[i]);
  });
}
