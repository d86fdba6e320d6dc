// SPDX-License-Identifier: MIT
// EXPECT: rankwise: a stage can't be called with what the stage or source before it gives
#include <rankwise/pipeline.hpp>
#include <rankwise/rankwise.hpp>

#include <string>
#include <vector>

std::string as_text(int value) {
  return std::to_string(value);
}

int twice(int value) {
  return 2 * value;
}

void body(rankwise::pool& pool) {
  pool.pipeline(std::vector<int>{1}, rankwise::fn<as_text>, rankwise::fn<twice>, [](int) {});
}
