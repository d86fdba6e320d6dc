// SPDX-License-Identifier: MIT
#include <rankwise/map_reduce.hpp>
#include <rankwise/rankwise.hpp>

#include <fmt/core.h>

#include <cstdint>
#include <functional>
#include <ranges>

// Emits a one under the length of the walk: all ones of a length are added up.
void emit_length(std::uint64_t start, rankwise::emitter<int, std::uint64_t>& emit) {
  int n_steps = 0;
  for (std::uint64_t n = start; n != 1; ++n_steps) n = n % 2 == 0 ? n / 2 : 3 * n + 1;
  emit(n_steps, 1);
}

int main(int argc, char** argv) {
  return rankwise::run(argc, argv, [](rankwise::pool& pool) {
    const auto starts = std::views::iota(std::uint64_t{1}, std::uint64_t{100'001});
    const auto lengths = pool.map_reduce(starts, rankwise::fn<emit_length>, std::plus<>{});
    fmt::print("{} different lengths; the most frequent:\n", lengths.size());
    for (const auto& [n_steps, count] : lengths.top_k(3))
      fmt::print("{} steps: {} walks\n", n_steps, count);
  });
}
