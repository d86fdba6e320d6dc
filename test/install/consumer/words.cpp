// SPDX-License-Identifier: MIT
#include "words.hpp"

std::size_t letter_runs_in(const std::string& text) {
  std::size_t n_runs = 0;
  rankwise::input all = rankwise::input::of_text(text);
  rankwise::for_each_letters(all, [&](rankwise::token) { ++n_runs; });
  return n_runs + words_in("");
}
