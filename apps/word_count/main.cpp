// SPDX-License-Identifier: MIT
// Counts the words of files wherever a rank is free; no line names a rank.
#include <rankwise/map_reduce.hpp>
#include <rankwise/output.hpp>
#include <rankwise/program.hpp>
#include <rankwise/rankwise.hpp>

#include "word_count/count_words.hpp"
#include "word_count/settings.hpp"

#include <boost/program_options/value_semantic.hpp>

int main(int argc, char** argv) {
  constexpr rankwise::output_options::order_names names{"count", "word"};
  word_count::settings asked;
  rankwise::program program;
  program.name = "word_count";
  program.summary = "counts the words of files: runs of bytes that are not white space";
  program.operands = {"FILE...", &asked.files};
  program.options.add_options()("letters",
                                boost::program_options::bool_switch(&asked.letters),
                                "words are runs of ASCII letters, in lower case")(
      "min-length", rankwise::whole_number(asked.min_length, 1), "leave out shorter words");
  program.options.add(rankwise::output_program_options(asked.out, names));
  program.options.add(rankwise::map_reduce_program_options(asked.limits));
  return rankwise::run(argc, argv, program, [&asked](rankwise::pool& pool) {
    word_count::count_words(pool, asked);
  });
}
