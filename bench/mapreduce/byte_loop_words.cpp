// SPDX-License-Identifier: MIT
// word_count with a mapper that finds its words itself, byte by byte: what emit alone gives to
// those who do not use the library's readers. Prints the first words as word_count does.
#include <rankwise/map_reduce.hpp>
#include <rankwise/program.hpp>
#include <rankwise/rankwise.hpp>

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace {

bool is_space(char byte) {
  return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

void count_words(rankwise::input& text, rankwise::emitter<std::string, std::uint64_t>& emit) {
  std::vector<char> block(std::size_t{256} << 10U);
  std::string cut;  // the part of a word that stands in blocks before
  std::uint64_t at = text.first();
  bool skips = false;  // the rest of a word that began before this split
  if (at != 0) {
    char before = 0;
    text.source().read_at(at - 1, {&before, 1});
    skips = !is_space(before);
  }
  for (;;) {
    const std::size_t n = text.source().read_at(at, block);
    std::size_t begin = 0;
    for (std::size_t i = 0; i != n; ++i) {
      if (!is_space(block[i])) continue;
      if (!cut.empty()) {
        cut.append(block.data() + begin, i - begin);
        emit(std::string_view(cut), 1);
        cut.clear();
      } else if (i != begin && !skips) {
        emit(std::string_view(block.data() + begin, i - begin), 1);
      }
      skips = false;
      begin = i + 1;
      if (at + begin >= text.last()) return;
    }
    if (!skips) cut.append(block.data() + begin, n - begin);
    at += n;
    if (n == 0 || (at >= text.last() && cut.empty())) break;
  }
  if (!cut.empty()) emit(std::string_view(cut), 1);
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> paths;
  rankwise::program program;
  program.name = "byte_loop_words";
  program.summary = "counts words with a byte loop of its own";
  program.operands = {"FILE...", &paths};
  return rankwise::run(argc, argv, program, [&paths](rankwise::pool& pool) {
    const rankwise::input_files files(pool, paths);
    const auto counts = pool.map_reduce(files, rankwise::fn<count_words>, std::plus<>{});
    for (const auto& [word, count] : counts.top_k(10)) fmt::print("{}\t{}\n", count, word);
  });
}
