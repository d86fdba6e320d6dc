// SPDX-License-Identifier: MIT
#include <rankwise/program.hpp>
#include <rankwise/rankwise.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <cstdint>
#include <ranges>
#include <string>

// A type of our own: a plain struct travels as it is.
struct walk {
  std::uint64_t start = 1;
  int n_steps = 0;
  std::uint64_t highest = 1;
  std::string host;
};

// A task may ask where it runs; a function object carries settings along.
struct walk_from {
  int longest = 1000;

  walk operator()(const rankwise::task_context& task, std::uint64_t start) const {
    walk done{start, 0, start, task.host()};
    for (std::uint64_t n = start; n != 1 && done.n_steps < longest; ++done.n_steps) {
      n = n % 2 == 0 ? n / 2 : 3 * n + 1;
      done.highest = std::max(done.highest, n);
    }
    return done;
  }
};

int main(int argc, char** argv) {
  int longest = 1000;
  rankwise::program program;
  program.name = "walks";
  program.summary = "follows n -> n / 2 or 3 n + 1 down to 1";
  program.options.add_options()(
      "longest", rankwise::whole_number(longest, 1), "steps of a walk at most (default: 1000)");
  return rankwise::run(argc, argv, program, [&](rankwise::pool& pool) {
    const auto starts = std::views::iota(std::uint64_t{25}, std::uint64_t{29});
    for (const walk& one : pool.map(starts, walk_from{longest}))
      fmt::print("{}: {} steps, up to {}\n", one.start, one.n_steps, one.highest);
  });
}
