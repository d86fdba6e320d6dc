// SPDX-License-Identifier: MIT
// Counts the colours of images, or the numbers in a column, wherever a rank is free; no line names
// a rank.
#include <rankwise/files.hpp>
#include <rankwise/map_reduce.hpp>
#include <rankwise/rankwise.hpp>

#include "csv/column.hpp"
#include "histogram/equal_bins.hpp"
#include "histogram/image_part.hpp"
#include "histogram/mappers.hpp"
#include "histogram/report.hpp"
#include "histogram/settings.hpp"

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <vector>

namespace histogram {
namespace {

template <class Histogram>
void show(const rankwise::pool& pool, const settings& asked, const Histogram& counted) {
  // A drawing that goes to standard output has it for itself.
  const bool is_drawn_there = rankwise::files::is_standard_output(asked.svg);
  fmt::print(is_drawn_there ? stderr : stdout,
             "{}",
             pool.options().json ? json_line(counted) : plot(counted));
  if (!asked.svg.empty()) rankwise::files::write_output(asked.svg, drawing(counted), "--svg");
}

void count_images(const rankwise::pool& pool, const settings& asked) {
  const rankwise::input_files files(pool, asked.files);
  for (const rankwise::split& image : files.whole()) check_image(image);
  colour_histogram counted{.images = files.n_files(), .bins = {}};
  const auto result = pool.map_reduce(files, rankwise::fn<count_pixels>, std::plus<>{});
  for (const auto& [bin, count] : result.gather()) counted.bins.at(bin.index) = count;
  show(pool, asked, counted);
}

/// The smallest and the largest number, where they are needed.
value_range find_range_of(const rankwise::pool& pool,
                          const settings& asked,
                          const rankwise::input_files& files,
                          const csv::number_columns<1>& column) {
  if (asked.min && asked.max) return {};
  return pool.map_reduce(files, find_range{column}, std::plus<>{}).value().value_or(value_range{});
}

void count_column(const rankwise::pool& pool, const settings& asked) {
  const rankwise::input_files files(pool, asked.files);
  csv::number_columns<1> column{.columns = {asked.column.value()}, .format = asked.format};
  csv::find_columns(files.whole().front(), column);
  constexpr std::uint32_t default_bins = 20;
  const equal_bins bins =
      make_equal_bins(range_of_bins(asked, find_range_of(pool, asked, files, column)),
                      asked.bins.value_or(default_bins));
  column_histogram counted{.column = column.columns.front(),
                           .bins = bins,
                           .counts = std::vector<std::uint64_t>(bins.n() + 3),
                           .is_gappy = !asked.format.missing.empty()};
  const auto result = pool.map_reduce(files, count_numbers{column, bins}, std::plus<>{});
  for (const auto& [bin, count] : result.gather()) counted.counts.at(bin) = count;
  show(pool, asked, counted);
}

void body(const rankwise::pool& pool, const settings& asked) {
  check(asked);
  if (!asked.svg.empty()) rankwise::files::published_file::check(asked.svg, "--svg");
  if (asked.column) {
    count_column(pool, asked);
  } else {
    count_images(pool, asked);
  }
}

}  // namespace
}  // namespace histogram

int main(int argc, char** argv) {
  histogram::settings asked;
  return rankwise::run(argc,
                       argv,
                       {.name = "histogram",
                        .summary = "counts the colours of images, or the numbers in a column",
                        .options = histogram::options(asked),
                        .operands = {"FILE...", &asked.files}},
                       [&asked](rankwise::pool& pool) { histogram::body(pool, asked); });
}
