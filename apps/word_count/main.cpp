// SPDX-License-Identifier: MIT
// Counts the words of files wherever a rank is free; no line names a rank.
#include <rankwise/map_reduce.hpp>
#include <rankwise/output.hpp>
#include <rankwise/program.hpp>
#include <rankwise/rankwise.hpp>
#include <rankwise/readers.hpp>
#include <rankwise/text.hpp>

#include <boost/program_options/value_semantic.hpp>
#include <fmt/core.h>

#include <cstdint>
#include <functional>
#include <iterator>
#include <string>
#include <vector>

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

int main(int argc, char** argv) {
  constexpr rankwise::output_options::order_names names{"count", "word"};
  std::vector<std::string> paths;
  emit_words mapper;
  rankwise::map_reduce_options limits;
  rankwise::output_options out;
  rankwise::program program;
  program.name = "word_count";
  program.summary = "counts the words of files: runs of bytes that are not white space";
  program.operands = {"FILE...", &paths};
  program.options.add_options()("letters",
                                boost::program_options::bool_switch(&mapper.letters),
                                "words are runs of ASCII letters, in lower case")(
      "min-length", rankwise::whole_number(mapper.min_length, 1), "leave out shorter words");
  program.options.add(rankwise::output_program_options(out, names));
  program.options.add(rankwise::map_reduce_program_options(limits));
  return rankwise::run(argc, argv, program, [&](rankwise::pool& pool) {
    rankwise::check_output(pool, out);
    mapper.bytes_at_most = limits.longest_record().bytes;
    const rankwise::input_files files(pool, paths, {.spool_directory = limits.spill_directory});
    const auto counts = pool.map_reduce(files, mapper, std::plus<>{}, limits);
    rankwise::output(counts, out, write_line{pool.options().json});
  });
}
