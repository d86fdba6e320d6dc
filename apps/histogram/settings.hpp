// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/error.hpp>
#include <rankwise/program.hpp>
#include <rankwise/text.hpp>

#include "csv/column.hpp"
#include "csv/table_options.hpp"
#include "histogram/equal_bins.hpp"

#include <boost/program_options/options_description.hpp>
#include <boost/program_options/value_semantic.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace histogram {

/// What the command line asks for.
struct settings {
  std::vector<std::string> files;
  std::optional<csv::column> column;  ///< none: the files are images
  csv::table_format format;
  std::optional<std::uint32_t> bins;
  std::optional<double> min;
  std::optional<double> max;
  std::string svg;  ///< empty: no drawing
};

/// The options of histogram; they go to `asked`.
inline boost::program_options::options_description options(settings& asked) {
  namespace po = boost::program_options;
  const auto text = [](std::string& target, const char* name) {
    return po::value<std::string>()->value_name(name)->notifier(
        [&target, name](const std::string& given) {
          if (given.empty()) throw rankwise::bad_value(given, name);
          target = given;
        });
  };
  const auto number = [](std::optional<double>& target) {
    return po::value<std::string>()->value_name("X")->notifier([&target](const std::string& given) {
      const std::optional<double> value = rankwise::parse_number(given);
      if (!value || !std::isfinite(*value)) throw rankwise::bad_value(given, "a finite number");
      target = value;
    });
  };
  constexpr std::uint32_t most_bins = 10'000;
  const auto take_bins = [&asked](const std::string& given) {
    asked.bins = rankwise::parse_whole_number<std::uint32_t>(given, 1, most_bins);
  };

  po::options_description group("Options of histogram");
  const auto add = [&group](const char* name, const po::value_semantic* value, const char* help) {
    group.add_options()(name, value, help);
  };
  csv::add_column_options(
      group,
      "column",
      "count the numbers in a column of CSV files, by its name in the header line or its number, "
      "from 0 (default: the colours of BMP images)",
      asked.column);
  csv::add_table_options(group, asked.format);
  add("bins",
      po::value<std::string>()->value_name("B")->notifier(take_bins),
      "bins for the numbers, 1 to 10000 (default: 20)");
  add("min", number(asked.min), "where the first bin begins (default: the smallest number)");
  add("max", number(asked.max), "where the last bin ends (default: the largest number)");
  add("svg", text(asked.svg, "FILE"), "draw the histogram to a file");
  return group;
}

/// Sees that the options go together.
///
/// Throws: rankwise::config_error.
inline void check(const settings& asked) {
  if (asked.files.empty()) {
    throw rankwise::config_error("found no file, accepted: one or more; see --help");
  }
  if (asked.column) {
    csv::check_column("--column", *asked.column, asked.files);
  } else if (std::find(asked.files.begin(), asked.files.end(), "-") != asked.files.end()) {
    throw rankwise::config_error("-: only accepted with --column");
  } else {
    csv::refuse_table_options(asked.format, "--column");
  }
  const auto only_with_column = [&asked](bool given, const char* name) {
    if (!given || asked.column) return;
    throw rankwise::config_error(fmt::format("{}: only accepted with --column", name));
  };
  only_with_column(asked.bins.has_value(), "--bins");
  only_with_column(asked.min.has_value(), "--min");
  only_with_column(asked.max.has_value(), "--max");
  if (asked.min && asked.max && *asked.min >= *asked.max) {
    throw rankwise::config_error(fmt::format(
        "--max: found {}, accepted: more than --min, which is {}", *asked.max, *asked.min));
  }
}

/// The range that bins cover: where the options do not say it, that of the numbers, `found`.
///
/// Numbers that are all the same get half a unit to both sides.
/// Throws: rankwise::config_error if there is no room for bins.
inline value_range range_of_bins(const settings& asked, const value_range& found) {
  if (found.is_empty() && !(asked.min && asked.max)) {
    throw rankwise::config_error(
        fmt::format("{}: found no numbers, accepted without both --min and --max: one or more",
                    asked.column.value_or(csv::column{}).text()));
  }
  value_range range{.low = asked.min.value_or(found.low), .high = asked.max.value_or(found.high)};
  if (!asked.min && !asked.max && range.low == range.high) {
    range.low -= 0.5;
    range.high += 0.5;
  }
  if (range.low < range.high && std::isfinite(range.high - range.low)) return range;
  throw rankwise::config_error(fmt::format(
      "bins from {} to {}: accepted: from a number to a larger one, at a distance that a "
      "double holds",
      range.low,
      range.high));
}

}  // namespace histogram
