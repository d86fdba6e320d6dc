// SPDX-License-Identifier: MIT
// Prints in which files each word stands.
#include <rankwise/map_reduce.hpp>
#include <rankwise/program.hpp>
#include <rankwise/rankwise.hpp>
#include <rankwise/readers.hpp>

#include <fmt/format.h>

#include <set>
#include <string>
#include <vector>

void emit_places(rankwise::input& text, rankwise::emitter<std::string, std::string>& emit) {
  rankwise::for_each_letters(text, [&](auto word) { emit(word, text.name()); });
}

int main(int argc, char** argv) {
  std::vector<std::string> paths;
  rankwise::program program;
  program.name = "inverted_index";
  program.summary = "prints in which files each word stands";
  program.operands = {"FILE...", &paths};
  return rankwise::run(argc, argv, program, [&](rankwise::pool& pool) {
    const rankwise::input_files files(pool, paths);
    const auto index = pool.group_by(files, rankwise::fn<emit_places>);
    index.sorted(rankwise::by_key{}, [](const auto& entry) {
      const std::set<std::string> places(entry.value.begin(), entry.value.end());
      fmt::print("{}: {}\n", entry.key, fmt::join(places, ", "));
    });
  });
}
