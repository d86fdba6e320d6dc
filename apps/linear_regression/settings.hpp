// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/error.hpp>
#include <rankwise/option_values.hpp>

#include "csv/column.hpp"

#include <boost/program_options/options_description.hpp>
#include <boost/program_options/value_semantic.hpp>

#include <string>
#include <vector>

namespace linear_regression {

/// What the command line asks for.
struct settings {
  std::vector<std::string> files;
  std::string x;  ///< a column; empty: the files are pairs of bytes
  std::string y;  ///< as `x`
};

/// The options of linear_regression; they go to `asked`.
inline boost::program_options::options_description options(settings& asked) {
  namespace po = boost::program_options;
  const auto column = [](std::string& target) {
    return po::value<std::string>()->value_name("NAME|N")->notifier(
        [&target](const std::string& given) {
          if (given.empty()) throw rankwise::bad_value(given, "NAME|N");
          target = given;
        });
  };
  po::options_description group("Options of linear_regression");
  group.add_options()("x",
                      column(asked.x),
                      "column of CSV files, by its name in the header line or its number, from 0 "
                      "(default: the files are pairs of bytes, x before y)");
  group.add_options()("y", column(asked.y), "column to be explained by x");
  return group;
}

/// Sees that the options go together.
///
/// Throws: rankwise::config_error.
inline void check(const settings& asked) {
  if (asked.files.empty()) {
    throw rankwise::config_error("found no file, accepted: one or more; see --help");
  }
  if (asked.x.empty() != asked.y.empty()) {
    throw rankwise::config_error(asked.x.empty() ? "--y: only accepted with --x"
                                                 : "--x: only accepted with --y");
  }
  if (asked.x.empty()) return;
  csv::check_column("--x", asked.x, asked.files);
  csv::check_column("--y", asked.y, asked.files);
}

}  // namespace linear_regression
