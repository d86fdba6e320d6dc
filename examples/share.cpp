// SPDX-License-Identifier: MIT
// pool.share: a table that goes to each rank once, whatever the number of calls and tasks.
#include <rankwise/program.hpp>
#include <rankwise/rankwise.hpp>
#include <rankwise/shared.hpp>

#include <fmt/core.h>

#include <cstddef>
#include <cstdint>
#include <ranges>
#include <span>
#include <utility>
#include <vector>

/// The smallest part of each number below `end` that is a prime.
std::vector<std::uint32_t> smallest_parts(std::uint32_t end) {
  std::vector<std::uint32_t> parts(end);
  for (std::uint32_t i = 2; i < end; ++i) {
    for (std::uint64_t k = i; k < end; k += i) {
      if (parts[k] == 0) parts[k] = i;
    }
  }
  return parts;
}

/// How many primes `number` is the product of.
int count_parts(std::uint32_t number, std::span<const std::uint32_t> parts) {
  int n = 0;
  for (; number > 1; number /= parts[number]) ++n;
  return n;
}

int main(int argc, char** argv) {
  rankwise::program program;
  program.name = "share";
  program.summary = "counts numbers by how many primes they are the product of";
  return rankwise::run(argc, argv, program, [](rankwise::pool& pool) {
    constexpr std::uint32_t end = 500'000;
    const auto parts = pool.share(smallest_parts(end));
    const auto numbers = std::views::iota(std::uint32_t{2}, end);
    std::vector<int> n_with(20);
    for (const int n : pool.map(numbers, rankwise::with(parts)(rankwise::fn<count_parts>)))
      ++n_with[static_cast<std::size_t>(n)];
    for (std::size_t n = 1; n_with[n] != 0; ++n) fmt::print("{} {}\n", n, n_with[n]);
  });
}
