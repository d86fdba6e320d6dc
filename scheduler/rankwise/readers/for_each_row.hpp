// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/readers/byte_source.hpp>
#include <rankwise/readers/detail/line_reader.hpp>
#include <rankwise/readers/detail/record_limit.hpp>
#include <rankwise/readers/input.hpp>
#include <rankwise/readers/token.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rankwise {

/// The form of a file of comma-separated values.
struct csv_format {
  char separator = ',';
  bool has_header = false;  ///< the file's first line is no row
};

/// The fields of one line. They live until the reader goes on to the next line.
class csv_row {
 public:
  /// Makes an empty row of the file that is called `name`.
  explicit csv_row(const std::string& name) : name_(&name) {}

  std::size_t size() const { return fields_.size(); }

  /// Returns the field of a column, without its quotes.
  ///
  /// Throws: config_error, naming the file and the row's first byte, if the row has fewer columns.
  token operator[](std::size_t column) const {
    if (column >= fields_.size()) refuse_column(column);
    return fields_[column];
  }

  /// Returns the field of a column as a number, as `parse_number` reads it; infinity and nan are
  /// numbers. Blanks around it do no harm.
  ///
  /// Throws: config_error, naming the file and the row's first byte, if the field is no number.
  double number(std::size_t column) const;

  /// The number of the byte in the file with which the row begins.
  std::uint64_t offset() const { return offset_; }

  /// Makes this the row that stands in `line`, which begins at byte `offset` of the file. Changes
  /// `line`: double quotes are joined in it.
  ///
  /// Throws: config_error, naming the file and the byte, if a quoted field does not end.
  void parse(std::span<char> line, std::uint64_t offset, char separator);

 private:
  [[noreturn]] void refuse_column(std::size_t column) const;

  const std::string* name_;
  std::uint64_t offset_ = 0;
  std::vector<token> fields_;
};

/// Calls `use(const csv_row&)` for each row that begins in the input's range: lines of fields with
/// separators between them. A field in double quotes may hold separators, and quotes written twice,
/// but no newline: a row is a line, so that a file can be cut anywhere. Empty lines are no rows; a
/// carriage return before the newline is part of it. The byte-order mark of UTF-8, with which some
/// programs begin a file, is part of no field.
///
/// Local: reads the source from one byte before the range to the end of its last row.
/// Throws:  config_error, naming the file and the byte, if the source can't be read, a row is
///          longer than the limit, or a quoted field does not end.
/// Source:  RFC 4180.
template <std::invocable<const csv_row&> Use>
void for_each_row(input& from, csv_format format, Use use, record_limit limit = {}) {
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  detail::line_reader lines(from, limit, "row");
  csv_row row(from.name());
  bool is_header = format.has_header && from.first() == 0;
  while (lines.next()) {
    std::span<char> line = lines.line();
    if (lines.offset() == 0 &&
        std::string_view(line.data(), line.size()).starts_with(byte_order_mark))
      line = line.subspan(byte_order_mark.size());
    if (!line.empty() && line.back() == '\r') line = line.first(line.size() - 1);
    if (line.empty() && !is_header) continue;
    row.parse(line, lines.offset(), format.separator);
    if (!is_header) use(std::as_const(row));
    is_header = false;
  }
}

}  // namespace rankwise

#ifndef RANKWISE_COMPILED
#include <rankwise/readers/for_each_row_inline.hpp>
#endif
