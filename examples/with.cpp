// SPDX-License-Identifier: MIT
// rankwise::with: what every task needs goes to each rank once, where a lambda could not capture
// it.
#include <rankwise/program.hpp>
#include <rankwise/rankwise.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <string>
#include <vector>

int main(int argc, char** argv) {
  std::vector<std::string> limits;
  rankwise::program program;
  program.name = "with";
  program.summary = "says between which of some limits numbers lie";
  program.operands = {"LIMIT...", &limits, 1};
  return rankwise::run(argc, argv, program, [&](rankwise::pool& pool) {
    std::vector<double> table;
    for (const std::string& limit : limits) table.push_back(std::stod(limit));
    std::sort(table.begin(), table.end());

    const std::vector<double> numbers{0.1, 20, 3, 400};
    const auto class_of = [](double number, const std::vector<double>& ends) {
      return std::distance(ends.begin(), std::upper_bound(ends.begin(), ends.end(), number));
    };
    const auto classes = pool.map(numbers, rankwise::with(table)(class_of));
    for (std::size_t i = 0; i < numbers.size(); ++i)
      fmt::print("{} is in class {}\n", numbers[i], classes[i]);
  });
}
