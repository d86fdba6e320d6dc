// SPDX-License-Identifier: MIT
#include "squares.hpp"
#include "words.hpp"

#include <fmt/core.h>

#include <numeric>

int main(int argc, char** argv) {
  return rankwise::run(argc, argv, [](rankwise::pool& pool) {
    std::vector<std::int64_t> values(10);
    std::iota(values.begin(), values.end(), 0);
    const auto squares = squares_of(pool, values);
    fmt::print("sum of squares: {}\n",
               std::accumulate(squares.begin(), squares.end(), std::int64_t{0}));
    fmt::print(
        "{} words, {} runs of letters\n", words_in("it's text"), letter_runs_in("it's text"));
  });
}
