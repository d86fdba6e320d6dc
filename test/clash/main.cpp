// SPDX-License-Identifier: MIT
#include <rankwise/rankwise.hpp>

#include "other.hpp"

#include <fmt/core.h>

#include <vector>

static int work(int value) {
  return value + 1;
}

int main(int argc, char** argv) {
  return rankwise::run(argc, argv, [](rankwise::pool& pool) {
    const std::vector<int> values{1, 2, 3};
    fmt::print("{} {}\n", pool.map(values, rankwise::fn<work>)[0], map_other(pool, values)[0]);
  });
}
