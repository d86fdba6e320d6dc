// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/readers.hpp>

#include <cstddef>
#include <string>

inline std::size_t words_in(const std::string& text) {
  std::size_t n_words = 0;
  rankwise::input all = rankwise::input::of_text(text);
  rankwise::for_each_word(all, [&](rankwise::token) { ++n_words; });
  return n_words;
}

std::size_t letter_runs_in(const std::string& text);
