// SPDX-License-Identifier: MIT
// pool.find_first: the first input for which a task finds something; the rest is cancelled.
#include <rankwise/program.hpp>
#include <rankwise/rankwise.hpp>

#include <fmt/core.h>

#include <cstdint>
#include <optional>
#include <ranges>

/// The number of steps from `start` to 1 (n/2 if n is even, else 3n+1), if it takes more than 350.
std::optional<int> long_walk(std::uint64_t start) {
  int n_steps = 0;
  for (std::uint64_t n = start; n != 1; ++n_steps) n = n % 2 == 0 ? n / 2 : 3 * n + 1;
  if (n_steps <= 350) return std::nullopt;
  return n_steps;
}

int main(int argc, char** argv) {
  rankwise::program program;
  program.name = "find_first";
  program.summary = "finds the first number that takes more than 350 steps to 1";
  return rankwise::run(argc, argv, program, [](rankwise::pool& pool) {
    const auto starts = std::views::iota(std::uint64_t{1}, std::uint64_t{1} << 40U);
    if (const auto first = pool.find_first(starts, rankwise::fn<long_walk>))
      fmt::print("{} takes {} steps\n", starts[first->index], first->value);
  });
}
