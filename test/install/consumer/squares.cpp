// SPDX-License-Identifier: MIT
#include "squares.hpp"

namespace {

std::int64_t square(std::int64_t value) {
  return value * value;
}

}  // namespace

std::vector<std::int64_t> squares_of(rankwise::pool& pool,
                                     const std::vector<std::int64_t>& values) {
  return pool.map(values, rankwise::fn<square>);
}
