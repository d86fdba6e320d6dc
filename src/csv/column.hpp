// SPDX-License-Identifier: MIT
// What the programs that read numbers from columns of CSV files share.
#pragma once

#include <rankwise/error.hpp>
#include <rankwise/readers.hpp>
#include <rankwise/text.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace csv {

/// A column as the user calls it: by its number, of which the first is 0, or by its name in the
/// header line, which each file has then.
struct column {
  std::uint64_t number = 0;
  std::string name;  ///< empty: called by its number

  std::string text() const { return name.empty() ? fmt::format("column {}", number) : name; }
};

/// The column that `text` calls: a whole number is a number, anything else a name.
inline column parse_column(const std::string& text) {
  column called;
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, called.number);
  if (error != std::errc{} || stopped != end) called.name = text;
  return called;
}

/// `text` without the blanks around it.
inline std::string_view trimmed(std::string_view text) {
  constexpr const char* blanks = " \t";
  const std::size_t begin = text.find_first_not_of(blanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(blanks) + 1 - begin);
}

/// How tables are written.
struct table_format {
  char delimiter = ',';
  std::vector<std::string> missing;  ///< what a cell says, without blanks, that has no value

  bool is_missing(std::string_view cell) const {
    return !missing.empty() &&
           std::find(missing.begin(), missing.end(), trimmed(cell)) != missing.end();
  }
};

/// The columns of tables that numbers are read from.
template <std::size_t N>
struct number_columns {
  std::array<column, N> columns;
  table_format format;
};

/// Sees that `called`, which is the value of an option, can be found in one of `files`.
///
/// Throws: config_error if it has a name, and standard input is all there is: its header line can't
///         be looked at before it is read.
inline void check_column(const std::string& option,
                         const column& called,
                         const std::vector<std::string>& files) {
  const bool is_standard_input =
      std::all_of(files.begin(), files.end(), [](const std::string& file) { return file == "-"; });
  if (!is_standard_input || called.name.empty()) return;
  throw rankwise::config_error(
      fmt::format("{}: found \"{}\", accepted for standard input: a number", option, called.name));
}

namespace detail {

[[noreturn]] inline void refuse(const std::string& file,
                                std::uint64_t offset,
                                const std::string& found,
                                const std::string& accepted) {
  throw rankwise::config_error(
      fmt::format("{}: byte {}: found {}, accepted: {}", file, offset, found, accepted));
}

/// Whether `cell` is a number, or begins with the digits of one.
inline bool begins_with_number(std::string_view cell) {
  std::string_view text = trimmed(cell);
  if (rankwise::parse_number(text)) return true;
  if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
  if (text.starts_with('.')) text.remove_prefix(1);
  return !text.empty() && text.front() >= '0' && text.front() <= '9';
}

/// Sees that no column of a first line was called by a number that is meant as a name.
inline void check_number(const rankwise::csv_row& row,
                         const column& called,
                         const std::string& file) {
  if (!called.name.empty() || called.number < row.size()) return;
  for (std::size_t number = 0; number < row.size(); ++number) {
    if (row[number] != fmt::to_string(called.number)) continue;
    refuse(file,
           0,
           fmt::format("no column {}, but column {} of that name", called.number, number),
           "a column's number, or its name by the option that ends in -name");
  }
}

/// Whether `row` is the header line of `file`: a first line in which columns have the names that
/// they are called by; or, if all are called by numbers, one without a number in any of them,
/// unless it has no values at all.
template <std::size_t N>
bool is_header(const rankwise::csv_row& row,
               const number_columns<N>& what,
               const std::string& file) {
  if (row.offset() != 0) return false;
  bool has_names = false;
  bool has_numbers = false;
  bool has_values = false;
  for (const column& called : what.columns) {
    check_number(row, called, file);
    const std::string_view cell = row[called.number];
    has_numbers = has_numbers || begins_with_number(cell);
    has_values = has_values || !what.format.is_missing(cell);
    if (called.name.empty()) continue;
    has_names = true;
    if (cell == called.name) continue;
    refuse(file,
           0,
           fmt::format("\"{}\" as the name of column {}", cell, called.number),
           fmt::format("\"{}\", as in the first file", called.name));
  }
  return has_names || (!has_numbers && has_values);
}

}  // namespace detail

/// Gives the columns that are called by their names the numbers that they have in `file`.
///
/// Local: reads the file's first line, if a column has a name.
/// Throws: config_error if there is no column of that name.
template <std::size_t N>
void find_columns(rankwise::split file, number_columns<N>& what) {
  file.first = 0;
  file.last = 1;
  for (column& called : what.columns) {
    if (called.name.empty()) continue;
    rankwise::input first_line = rankwise::input::open(file);
    bool found = false;
    bool is_alone = false;
    std::string names;
    rankwise::for_each_row(
        first_line, {.separator = what.format.delimiter}, [&](const rankwise::csv_row& row) {
          is_alone = row.size() == 1;
          for (std::size_t number = 0; number < row.size() && !found; ++number) {
            names +=
                fmt::format("{}\"{}\"", number == 0 ? "" : ", ", std::string_view(row[number]));
            found = row[number] == called.name;
            called.number = number;
          }
        });
    if (found) continue;
    if (names.empty()) names = "a header line that has it";
    detail::refuse(file.path,
                   0,
                   fmt::format("no column \"{}\"", called.name),
                   names + (is_alone ? "; or another --delimiter" : ""));
  }
}

/// Calls `use` with the numbers in the columns for each row that begins in the input's range, but
/// for those in which one is missing. Returns how many those are.
///
/// Throws: config_error, naming the file and the byte at which the row begins, where one is no
/// finite number, where there are fewer columns, or where a header line has other names.
template <std::size_t N, std::invocable<const std::array<double, N>&> Use>
std::uint64_t for_each_numbers(rankwise::input& file, const number_columns<N>& what, Use use) {
  const std::string& name = file.name();
  std::uint64_t n_left_out = 0;
  rankwise::for_each_row(
      file, {.separator = what.format.delimiter}, [&](const rankwise::csv_row& row) {
        if (detail::is_header(row, what, name)) return;
        std::array<double, N> numbers;
        bool is_whole = true;
        for (std::size_t i = 0; i < N; ++i) {
          const std::uint64_t number = what.columns[i].number;
          if (what.format.is_missing(row[number])) {
            is_whole = false;
            continue;
          }
          numbers[i] = row.number(number);
          if (std::isfinite(numbers[i])) continue;
          detail::refuse(
              name,
              row.offset(),
              fmt::format("{} in column {}", trimmed(row[number]), number),
              fmt::format("finite numbers, of at most {:.2g}", std::numeric_limits<double>::max()));
        }
        if (is_whole) {
          use(numbers);
        } else {
          ++n_left_out;
        }
      });
  return n_left_out;
}

}  // namespace csv
