// SPDX-License-Identifier: MIT
// options::isolate: a library that ends its process costs an item, not the job.
#include <rankwise/program.hpp>
#include <rankwise/rankwise.hpp>

#include <fmt/core.h>

#include <cstdlib>
#include <string>
#include <vector>

/// As libraries are that were written for programs of their own: bad input ends the process.
int parse(const std::string& text) {
  if (text.empty()) std::abort();
  char* end = nullptr;
  const long number = std::strtol(text.c_str(), &end, 10);
  if (*end != '\0') std::exit(4);
  return static_cast<int>(number);
}

int main(int argc, char** argv) {
  rankwise::program program;
  program.name = "isolate";
  program.summary = "parses numbers with a library that ends its process if it can't";
  return rankwise::run(argc, argv, program, [](rankwise::pool& pool) {
    rankwise::options options = pool.options();
    options.isolate = true;
    const std::vector<std::string> texts{"17", "", "23", "five"};
    for (const auto& parsed : pool.with(options).try_map(texts, rankwise::fn<parse>))
      fmt::print("{}\n", parsed ? std::to_string(parsed.value()) : parsed.failure().text);
  });
}
