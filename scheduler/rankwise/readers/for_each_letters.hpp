// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/readers/detail/for_each_run.hpp>
#include <rankwise/readers/detail/record_limit.hpp>
#include <rankwise/readers/detail/separators.hpp>
#include <rankwise/readers/input.hpp>
#include <rankwise/readers/token.hpp>

#include <concepts>

namespace rankwise {

/// Calls `use(token)` for each run of ASCII letters that begins in the input's range, in lower
/// case. In all else it is like for_each_word.
template <std::invocable<token> Use>
void for_each_letters(input& from, Use use, record_limit limit = {}) {
  detail::run_reader<detail::fold_letters, Use>(from, use, limit).read();
}

}  // namespace rankwise
