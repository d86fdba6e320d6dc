// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/readers/byte_source.hpp>
#include <rankwise/readers/detail/line_reader.hpp>
#include <rankwise/readers/detail/record_limit.hpp>
#include <rankwise/readers/input.hpp>
#include <rankwise/readers/token.hpp>
#include <rankwise/text/parse_number.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
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
    if (column >= fields_.size()) {
      throw detail::input_error(
          *name_,
          offset_,
          fmt::format("a row of {} columns, where column {} is wanted (the first is 0)",
                      fields_.size(),
                      column));
    }
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
  const std::string* name_;
  std::uint64_t offset_ = 0;
  std::vector<token> fields_;
};

inline double csv_row::number(std::size_t column) const {
  const token field = (*this)[column];
  constexpr const char* blanks = " \t";
  const std::size_t begin = std::min(field.find_first_not_of(blanks), field.size());
  const std::size_t end = std::max(begin, field.find_last_not_of(blanks) + 1);
  const std::optional<double> value = parse_number(field.substr(begin, end - begin));
  if (!value) {
    throw detail::input_error(
        *name_, offset_, fmt::format("column {}: found \"{}\", where a number is", column, field));
  }
  return *value;
}

inline void csv_row::parse(std::span<char> line, std::uint64_t offset, char separator) {
  constexpr char quote = '"';
  fields_.clear();
  offset_ = offset;
  char* const end = line.data() + line.size();
  const auto refuse = [&](const char* place, std::string_view wrong) {
    return detail::input_error(
        *name_, offset + static_cast<std::uint64_t>(place - line.data()), wrong);
  };
  for (char* next = line.data();; ++next) {
    if (next == end || *next != quote) {
      char* const stop = std::find(next, end, separator);
      fields_.emplace_back(next, static_cast<std::size_t>(stop - next));
      next = stop;
    } else {
      const char* const begin = next + 1;
      char* field_end = next + 1;
      for (++next;; ++next) {
        char* const stop = std::find(next, end, quote);
        if (stop == end)
          throw refuse(begin - 1, "a quoted field that does not end in its line, as it has to");
        field_end = std::copy(next, stop, field_end);
        next = stop + 1;
        if (next == end || *next != quote) break;
        *field_end++ = quote;
      }
      fields_.emplace_back(begin, static_cast<std::size_t>(field_end - begin));
      if (next != end && *next != separator)
        throw refuse(next, "text between a quote that ends a field and the next separator");
    }
    if (next == end) return;
  }
}

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
