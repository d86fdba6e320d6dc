// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/readers/detail/for_each_run.hpp>
#include <rankwise/readers/detail/record_limit.hpp>
#include <rankwise/readers/detail/separators.hpp>
#include <rankwise/readers/input.hpp>
#include <rankwise/readers/token.hpp>

#include <concepts>

namespace rankwise {

/// Calls `use(token)` for each word that begins in the input's range: runs of bytes that are not
/// white space of the C locale (space, and tab to carriage return). All other bytes, 0 too, are
/// parts of words.
///
/// Local: reads the source from one byte before the range to the end of its last word.
/// Cost:    a third of a nanosecond a byte, apart from `use`; memory for one block and the longest
///          word.
/// Throws:  config_error if the source can't be read, or a word is longer than the limit.
template <std::invocable<token> Use>
void for_each_word(input& from, Use use, record_limit limit = {}) {
  detail::run_reader<detail::mark_blanks, Use>(from, use, limit).read();
}

}  // namespace rankwise
