// SPDX-License-Identifier: MIT
// rankwise::input_files and a reader: sums a column of CSV files for each value of another column.
#include <rankwise/map_reduce.hpp>
#include <rankwise/program.hpp>
#include <rankwise/rankwise.hpp>
#include <rankwise/readers.hpp>

#include <fmt/core.h>

#include <functional>
#include <string>
#include <vector>

void read_sales(rankwise::input& file, rankwise::emitter<std::string, double>& emit) {
  rankwise::for_each_row(file, {.has_header = true}, [&](const rankwise::csv_row& row) {
    emit(row[0], row.number(2));
  });
}

int main(int argc, char** argv) {
  std::vector<std::string> paths;
  rankwise::program program;
  program.name = "csv_sums";
  program.summary = "sums column 3 for each value of column 1";
  program.operands = {"FILE...", &paths};
  return rankwise::run(argc, argv, program, [&](rankwise::pool& pool) {
    const rankwise::input_files files(pool, paths);
    const auto sums = pool.map_reduce(files, rankwise::fn<read_sales>, std::plus<>{});
    sums.sorted(rankwise::by_key{},
                [](const auto& entry) { fmt::print("{}: {:.2f}\n", entry.key, entry.value); });
  });
}
