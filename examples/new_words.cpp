// SPDX-License-Identifier: MIT
// Prints how many words of each line did not stand in any line before.
#include <rankwise/pipeline.hpp>
#include <rankwise/program.hpp>
#include <rankwise/rankwise.hpp>

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <string>
#include <unordered_set>
#include <vector>

std::vector<std::string> words_of(const std::string& line) {
  std::istringstream text(line);
  return {std::istream_iterator<std::string>(text), {}};
}

struct memory {
  std::unordered_set<std::string> known;

  std::size_t operator()(const std::vector<std::string>& words) {
    const std::size_t n_before = known.size();
    known.insert(words.begin(), words.end());
    return known.size() - n_before;
  }
};

memory make_memory() {
  return {};
}

int main(int argc, char** argv) {
  std::vector<std::string> paths;
  rankwise::program program;
  program.name = "new_words";
  program.summary = "prints how many words of each line are new";
  program.operands = {"FILE", &paths, 1};
  return rankwise::run(argc, argv, program, [&](rankwise::pool& pool) {
    std::ifstream file(paths.at(0));
    const auto lines = [&file]() -> std::optional<std::string> {
      std::string line;
      return std::getline(file, line) ? std::optional(line) : std::nullopt;
    };
    pool.pipeline(lines,
                  rankwise::stage(rankwise::fn<words_of>, {.replicas = 2}),
                  rankwise::fn<make_memory>,
                  [](std::uint64_t line, std::size_t n) { fmt::print("{}: {}\n", line + 1, n); });
  });
}
