// SPDX-License-Identifier: MIT
// The options of programs that read numbers from columns of CSV files.
#pragma once

#include <rankwise/error.hpp>
#include <rankwise/program.hpp>

#include "csv/column.hpp"

#include <boost/program_options/options_description.hpp>
#include <boost/program_options/value_semantic.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace csv {

/// The delimiter that the value of an option says.
///
/// Throws: bad_value if no file can be written with it.
inline char parse_delimiter(std::string_view text) {
  if (text == "\\t") return '\t';
  if (text.size() == 1 && std::string_view("\"\r\n").find(text) == std::string_view::npos &&
      static_cast<unsigned char>(text.front()) < 0x80U)
    return text.front();
  throw rankwise::bad_value(text, "one character of ASCII that is no quote, or \\t");
}

/// What cells say that have no value: texts with commas between them, of which some may be empty.
inline std::vector<std::string> parse_missing(std::string_view text) {
  std::vector<std::string> all;
  for (;;) {
    const std::size_t comma = text.find(',');
    all.emplace_back(trimmed(text.substr(0, comma)));
    if (comma == std::string_view::npos) return all;
    text.remove_prefix(comma + 1);
  }
}

/// Adds two options that call one column, which goes to `target`: `option` by its name or its
/// number, `option`-name by its name, even where that is a number.
inline void add_column_options(boost::program_options::options_description& group,
                               const std::string& option,
                               const std::string& help,
                               std::optional<column>& target) {
  namespace po = boost::program_options;
  const auto add =
      [&](const std::string& name, const char* value, const std::string& text, auto parse) {
        const auto take = [&target, value, parse](const std::string& given) {
          if (given.empty()) throw rankwise::bad_value(given, value);
          if (target) throw rankwise::bad_value(given, "one option for a column");
          target = parse(given);
        };
        group.add_options()(name.c_str(),
                            po::value<std::string>()->value_name(value)->notifier(take),
                            text.c_str());
      };
  add(option, "NAME|N", help, parse_column);
  add(option + "-name",
      "NAME",
      "the same by its name, which may be a number",
      [](const std::string& name) { return column{.number = 0, .name = name}; });
}

/// Adds the options that say how tables are written; they go to `target`.
inline void add_table_options(boost::program_options::options_description& group,
                              table_format& target) {
  namespace po = boost::program_options;
  group.add_options()(
      "delimiter",
      po::value<std::string>()->value_name("C")->notifier(
          [&target](const std::string& given) { target.delimiter = parse_delimiter(given); }),
      "what separates the columns of CSV files, such as ; or \\t (default: a comma)");
  group.add_options()(
      "missing",
      po::value<std::string>()
          ->value_name("TEXT,TEXT...")
          ->notifier(
              [&target](const std::string& given) { target.missing = parse_missing(given); }),
      "cells of CSV files that have no value, such as \"NA,,.\"; rows with one are left out");
}

/// Sees that nothing is said of tables where none are read; `option` calls a column.
///
/// Throws: config_error.
inline void refuse_table_options(const table_format& asked, const std::string& option) {
  const auto refuse = [&option](const char* name) {
    throw rankwise::config_error(std::string(name) + ": only accepted with " + option);
  };
  if (asked.delimiter != table_format{}.delimiter) refuse("--delimiter");
  if (!asked.missing.empty()) refuse("--missing");
}

}  // namespace csv
