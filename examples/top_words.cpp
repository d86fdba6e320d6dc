// SPDX-License-Identifier: MIT
// Prints the ten most frequent words.
#include <rankwise/map_reduce.hpp>
#include <rankwise/program.hpp>
#include <rankwise/rankwise.hpp>
#include <rankwise/readers.hpp>

#include <fmt/format.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

void count_words(rankwise::input& text, rankwise::emitter<std::string, std::uint64_t>& emit) {
  rankwise::for_each_word(text, [&](auto word) { emit(word, 1); });
}

int main(int argc, char** argv) {
  std::vector<std::string> paths;
  rankwise::program program;
  program.name = "top_words";
  program.summary = "prints the ten most frequent words";
  program.operands = {"FILE...", &paths};
  return rankwise::run(argc, argv, program, [&](rankwise::pool& pool) {
    const rankwise::input_files files(pool, paths);
    const auto counts = pool.map_reduce(files, rankwise::fn<count_words>, std::plus<>{});
    for (const auto& [word, count] : counts.top_k(10)) fmt::print("{}\t{}\n", count, word);
  });
}
