// SPDX-License-Identifier: MIT
// Counts the ways to put queens on a board, one in each row, of which none attacks another.
#include <rankwise/expansion.hpp>
#include <rankwise/program.hpp>
#include <rankwise/rankwise.hpp>

#include <fmt/core.h>

#include <cstdint>
#include <functional>

/// Rows that are filled, as what they leave of the next one: a bit for each square that is
/// attacked.
struct board {
  std::uint32_t columns = 0;
  std::uint32_t falling = 0;
  std::uint32_t rising = 0;
};

std::uint64_t fill_row(const board& above, rankwise::expansion<board>& more, std::uint32_t full) {
  if (above.columns == full) return 1;
  std::uint32_t free = full & ~(above.columns | above.falling | above.rising);
  for (; free != 0; free &= free - 1) {
    const std::uint32_t queen = free & -free;
    more.push({above.columns | queen, (above.falling | queen) << 1U, (above.rising | queen) >> 1U});
  }
  return 0;
}

int main(int argc, char** argv) {
  std::uint32_t size = 14;
  rankwise::program program;
  program.name = "queens";
  program.summary = "counts the ways to put N queens on a board of N rows";
  program.options.add_options()("size", rankwise::whole_number(size, 1, 31), "N (default: 14)");
  return rankwise::run(argc, argv, program, [&](rankwise::pool& pool) {
    const std::uint32_t full = (std::uint32_t{1} << size) - 1;
    const std::uint64_t n_ways = pool.expand(
        {board{}}, std::uint64_t{0}, std::plus<>{}, rankwise::with(full)(rankwise::fn<fill_row>));
    fmt::print("{} queens: {} ways\n", size, n_ways);
  });
}
