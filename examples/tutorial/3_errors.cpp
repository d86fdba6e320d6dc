// SPDX-License-Identifier: MIT
#include <rankwise/rankwise.hpp>

#include <fmt/core.h>

#include <cstdint>
#include <stdexcept>
#include <vector>

// A task throws whatever it likes: its text comes home.
int count_steps(std::uint64_t start) {
  if (start == 0) throw std::domain_error("from 0 no walk leads to 1");
  int n_steps = 0;
  for (std::uint64_t n = start; n != 1; ++n_steps) n = n % 2 == 0 ? n / 2 : 3 * n + 1;
  return n_steps;
}

int main(int argc, char** argv) {
  return rankwise::run(argc, argv, [](rankwise::pool& pool) {
    const std::vector<std::uint64_t> starts{3, 0, 6};
    // try_map hands out each result beside each failure ...
    for (const auto& outcome : pool.try_map(starts, rankwise::fn<count_steps>)) {
      if (outcome) {
        fmt::print("{} steps\n", outcome.value());
      } else {
        const auto& failure = outcome.failure();
        fmt::print("input {} failed: {}\n", failure.index, failure.text);
      }
    }
    // ... and map throws a task_error, which ends the program with status 1 if nobody catches it.
    pool.map(starts, rankwise::fn<count_steps>);
  });
}
