// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/build_mode.hpp>
#include <rankwise/readers/byte_source.hpp>
#include <rankwise/readers/for_each_row.hpp>
#include <rankwise/readers/token.hpp>
#include <rankwise/text/parse_number.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace rankwise {

RANKWISE_INLINE void csv_row::refuse_column(std::size_t column) const {
  throw detail::input_error(
      *name_,
      offset_,
      fmt::format("a row of {} columns, where column {} is wanted (the first is 0)",
                  fields_.size(),
                  column));
}

RANKWISE_INLINE double csv_row::number(std::size_t column) const {
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

RANKWISE_INLINE void csv_row::parse(std::span<char> line, std::uint64_t offset, char separator) {
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

}  // namespace rankwise
