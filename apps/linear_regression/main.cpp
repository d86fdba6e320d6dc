// SPDX-License-Identifier: MIT
// Fits a straight line to the points in some files, wherever a rank is free; no line names a rank.
#include <rankwise/map_reduce.hpp>
#include <rankwise/rankwise.hpp>

#include "csv/column.hpp"
#include "linear_regression/fit.hpp"
#include "linear_regression/mappers.hpp"
#include "linear_regression/report.hpp"
#include "linear_regression/settings.hpp"

#include <fmt/format.h>

#include <functional>

namespace linear_regression {
namespace {

table_points points_of_files(const rankwise::pool& pool, const settings& asked) {
  const rankwise::input_files files(pool, asked.files);
  if (!asked.x) {
    const auto sums = pool.map_reduce(files, rankwise::fn<sum_bytes>, std::plus<>{}).value();
    return {.whole = moments_of(sums.value_or(byte_sums{}))};
  }
  csv::number_columns<2> columns{.columns = {asked.x.value(), asked.y.value()},
                                 .format = asked.format};
  csv::find_columns(files.whole().front(), columns);
  return pool.map_reduce(files, find_moments{columns}, std::plus<>{})
      .value()
      .value_or(table_points{});
}

void body(const rankwise::pool& pool, const settings& asked) {
  check(asked);
  const table_points points = points_of_files(pool, asked);
  line_fit fit = fit_line(points.whole);
  if (!asked.format.missing.empty()) fit.left_out = points.left_out;
  fmt::print("{}", pool.options().json ? json_line(fit) : table(fit));
}

}  // namespace
}  // namespace linear_regression

int main(int argc, char** argv) {
  linear_regression::settings asked;
  return rankwise::run(argc,
                       argv,
                       {.name = "linear_regression",
                        .summary = "fits a straight line to points",
                        .options = linear_regression::options(asked),
                        .operands = {"FILE...", &asked.files}},
                       [&asked](rankwise::pool& pool) { linear_regression::body(pool, asked); });
}
