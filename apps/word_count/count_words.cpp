// SPDX-License-Identifier: MIT
#include "word_count/count_words.hpp"

#include <rankwise/map_reduce.hpp>
#include <rankwise/output.hpp>
#include <rankwise/pool.hpp>
#include <rankwise/readers.hpp>
#include <rankwise/text.hpp>

#include "word_count/settings.hpp"

#include <fmt/core.h>

#include <cstdint>
#include <functional>
#include <iterator>
#include <string>

namespace word_count {
namespace {

using word = rankwise::entry<std::string, std::uint64_t>;

struct emit_words {  // the mapper
  bool letters = false;
  std::uint64_t min_length = 1;
  std::uint64_t bytes_at_most = 0;

  void operator()(rankwise::input& text,
                  rankwise::emitter<std::string, std::uint64_t>& emit) const {
    const auto emit_word = [&](rankwise::token found) {
      if (found.size() >= min_length) emit(found, 1);
    };
    if (letters) return rankwise::for_each_letters(text, emit_word, {bytes_at_most});
    rankwise::for_each_word(text, emit_word, {bytes_at_most});
  }
};

struct write_line {
  bool json = false;

  void operator()(const word& one, std::string& text) const {
    const auto out = std::back_inserter(text);
    if (!json) return void(fmt::format_to(out, "{}\t{}\n", one.value, one.key));
    fmt::format_to(out, "{{\"word\":{},\"count\":{}}}\n", rankwise::json_text(one.key), one.value);
  }
};

}  // namespace

void count_words(rankwise::pool& pool, const settings& asked) {
  rankwise::check_output(pool, asked.out);
  const rankwise::input_files files(
      pool, asked.files, {.spool_directory = asked.limits.spill_directory});
  const emit_words mapper{asked.letters, asked.min_length, asked.limits.longest_record().bytes};
  const auto counts = pool.map_reduce(files, mapper, std::plus<>{}, asked.limits);
  rankwise::output(counts, asked.out, write_line{pool.options().json});
}

}  // namespace word_count
