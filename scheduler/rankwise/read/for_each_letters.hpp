// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/read/for_each_run.hpp>
#include <rankwise/read/input.hpp>
#include <rankwise/read/record_limit.hpp>
#include <rankwise/read/separators.hpp>
#include <rankwise/read/token.hpp>

#include <concepts>

namespace rankwise {

/// Calls `use(token)` for each run of ASCII letters that begins in the input's range, in lower
/// case. As for_each_word in all else.
template <std::invocable<token> Use>
void for_each_letters(input& from, Use use, record_limit limit = {}) {
  detail::run_reader<detail::fold_letters, Use>(from, use, limit).read();
}

}  // namespace rankwise
