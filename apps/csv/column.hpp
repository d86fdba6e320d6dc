// SPDX-License-Identifier: MIT
// What the programs that read numbers from columns of CSV files share.
#pragma once

#include <rankwise/error.hpp>
#include <rankwise/read/for_each_row.hpp>
#include <rankwise/read/input.hpp>
#include <rankwise/read/open_file.hpp>
#include <rankwise/read/split.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
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

/// Sees that the column that an option calls can be found in one of `files`.
///
/// Throws: config_error if it has a name, and standard input is all there is: its header line can't
///         be looked at before it is read.
inline void check_column(const std::string& option,
                         const std::string& called,
                         const std::vector<std::string>& files) {
  const bool is_standard_input =
      std::all_of(files.begin(), files.end(), [](const std::string& file) { return file == "-"; });
  if (!is_standard_input || parse_column(called).name.empty()) return;
  throw rankwise::config_error(
      fmt::format("{}: found \"{}\", accepted for standard input: a number", option, called));
}

namespace detail {

[[noreturn]] inline void refuse(const std::string& file,
                                std::uint64_t offset,
                                const std::string& found,
                                const std::string& accepted) {
  throw rankwise::config_error(
      fmt::format("{}: byte {}: found {}, accepted: {}", file, offset, found, accepted));
}

/// A cell of a first line, without the byte-order mark that some programs begin a file with.
inline std::string_view first_line_cell(const rankwise::csv_row& row, std::uint64_t number) {
  constexpr std::string_view mark = "\xEF\xBB\xBF";
  std::string_view cell = row[number];
  if (number == 0 && cell.starts_with(mark)) cell.remove_prefix(mark.size());
  return cell;
}

inline bool begins_with_number(std::string_view cell) {
  double ignored = 0;
  const std::size_t begin = cell.find_first_not_of(" \t");
  return begin != std::string_view::npos &&
         std::from_chars(cell.data() + begin, cell.data() + cell.size(), ignored).ec == std::errc{};
}

/// Whether `row` is the header line of `file`: a first line in which columns have the names that
/// they are called by; or, if all are called by numbers, one without a number in any of them.
template <std::size_t N>
bool is_header(const rankwise::csv_row& row,
               const std::array<column, N>& columns,
               const std::string& file) {
  if (row.offset() != 0) return false;
  bool has_names = false;
  bool has_numbers = false;
  for (const column& called : columns) {
    const std::string_view cell = first_line_cell(row, called.number);
    has_numbers = has_numbers || begins_with_number(cell);
    if (called.name.empty()) continue;
    has_names = true;
    if (cell == called.name) continue;
    refuse(file,
           0,
           fmt::format("\"{}\" as the name of column {}", cell, called.number),
           fmt::format("\"{}\", as in the first file", called.name));
  }
  return has_names || !has_numbers;
}

}  // namespace detail

/// Gives the columns that are called by their names the numbers that they have in `file`.
///
/// Local: reads the file's first line, if a column has a name.
/// Throws: config_error if there is no column of that name.
template <std::size_t N>
void find_columns(rankwise::split file, std::array<column, N>& columns) {
  file.first = 0;
  file.last = 1;
  for (column& called : columns) {
    if (called.name.empty()) continue;
    rankwise::input first_line = rankwise::input::open(file);
    bool found = false;
    std::string names;
    rankwise::for_each_row(first_line, {}, [&](const rankwise::csv_row& row) {
      for (std::size_t number = 0; number < row.size() && !found; ++number) {
        const std::string_view cell = detail::first_line_cell(row, number);
        names += fmt::format("{}\"{}\"", number == 0 ? "" : ", ", cell);
        found = cell == called.name;
        called.number = number;
      }
    });
    if (found) continue;
    if (names.empty()) names = "a header line that has it";
    detail::refuse(file.path, 0, fmt::format("no column \"{}\"", called.name), names);
  }
}

/// Calls `use` with the numbers in `columns` for each row that begins in the input's range.
///
/// Throws: config_error, naming the file and the byte at which the row begins, where one is no
/// finite number, where there are fewer columns, or where a header line has other names.
template <std::size_t N, std::invocable<const std::array<double, N>&> Use>
void for_each_numbers(rankwise::input& file, const std::array<column, N>& columns, Use use) {
  const std::string& name = file.name();
  rankwise::for_each_row(file, {}, [&](const rankwise::csv_row& row) {
    if (detail::is_header(row, columns, name)) return;
    std::array<double, N> numbers;
    for (std::size_t i = 0; i < N; ++i) {
      numbers[i] = row.number(columns[i].number);
      if (!std::isfinite(numbers[i])) {
        detail::refuse(name,
                       row.offset(),
                       fmt::format("{} in column {}", numbers[i], columns[i].number),
                       "finite numbers");
      }
    }
    use(numbers);
  });
}

}  // namespace csv
