// SPDX-License-Identifier: MIT
#include "other.hpp"

static int work(int value) {
  return value - 1;
}

std::vector<int> map_other(rankwise::pool& pool, const std::vector<int>& values) {
  return pool.map(values, rankwise::fn<work>);
}
