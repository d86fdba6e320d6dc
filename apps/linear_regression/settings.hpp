// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/error.hpp>
#include <rankwise/program.hpp>

#include "csv/column.hpp"
#include "csv/table_options.hpp"

#include <boost/program_options/options_description.hpp>

#include <optional>
#include <string>
#include <vector>

namespace linear_regression {

/// What the command line asks for.
struct settings {
  std::vector<std::string> files;
  std::optional<csv::column> x;  ///< none: the files are pairs of bytes
  std::optional<csv::column> y;  ///< as `x`
  csv::table_format format;
};

/// The options of linear_regression; they go to `asked`.
inline boost::program_options::options_description options(settings& asked) {
  boost::program_options::options_description group("Options of linear_regression");
  csv::add_column_options(
      group,
      "x",
      "column of CSV files, by its name in the header line or its number, from 0 (default: the "
      "files are pairs of bytes, x before y)",
      asked.x);
  csv::add_column_options(group, "y", "column to be explained by x", asked.y);
  csv::add_table_options(group, asked.format);
  return group;
}

/// Sees that the options go together.
///
/// Throws: rankwise::config_error.
inline void check(const settings& asked) {
  if (asked.files.empty()) {
    throw rankwise::config_error("found no file, accepted: one or more; see --help");
  }
  if (asked.x.has_value() != asked.y.has_value()) {
    throw rankwise::config_error(asked.y ? "--y: only accepted with --x"
                                         : "--x: only accepted with --y");
  }
  if (!asked.x) return csv::refuse_table_options(asked.format, "--x and --y");
  csv::check_column("--x", *asked.x, asked.files);
  csv::check_column("--y", *asked.y, asked.files);
}

}  // namespace linear_regression
