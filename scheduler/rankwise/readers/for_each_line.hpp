// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/readers/detail/line_reader.hpp>
#include <rankwise/readers/detail/record_limit.hpp>
#include <rankwise/readers/input.hpp>
#include <rankwise/readers/token.hpp>

#include <concepts>
#include <span>

namespace rankwise {

/// Calls `use(token)` for each line that begins in the input's range, without its newline. An empty
/// line counts; the last one needs no newline.
///
/// Local: reads the source from one byte before the range to the end of its last line.
/// Cost:    that of memchr, and memory for one block and the longest line.
/// Throws:  config_error if the source can't be read, or a line is longer than the limit.
template <std::invocable<token> Use>
void for_each_line(input& from, Use use, record_limit limit = {}) {
  detail::line_reader lines(from, limit, "line");
  while (lines.next()) {
    const std::span<const char> line = lines.line();
    use(token(line.data(), line.size()));
  }
}

}  // namespace rankwise
