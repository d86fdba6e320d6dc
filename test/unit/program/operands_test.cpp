// SPDX-License-Identifier: MIT
// What a command line holds besides options.
#include <rankwise/program/command_line.hpp>

#include "catch.hpp"

#include <boost/program_options/options_description.hpp>
#include <boost/program_options/value_semantic.hpp>

#include <cstdint>
#include <string>
#include <vector>

using Catch::Matchers::ContainsSubstring;
using rankwise::command_line_answer;
using words = std::vector<std::string>;

namespace {

struct program {
  rankwise::options how;
  std::uint32_t count = 5;
  bool fast = false;
  words files;
  command_line_answer answer;

  void run(const words& given, bool takes_files = true, std::size_t at_least = 0) {
    namespace po = boost::program_options;
    rankwise::program sample{
        "sample", "1.2", "reads files", po::options_description("Options of sample")};
    sample.options.add_options()("count,c", rankwise::whole_number(count, 1U, 100U), "how many")(
        "fast,f", po::bool_switch(&fast), "hurry");
    if (takes_files) sample.operands = {"FILE...", &files, at_least};
    answer = rankwise::parse_command_line({given, {}}, how, sample);
  }
};

}  // namespace

TEST_CASE("operands come in order, wherever options stand between them") {
  struct row {
    words given;
    words files;
  };

  const std::vector<row> table{
      {{}, {}},
      {{"a"}, {"a"}},
      {{"b", "a", "b"}, {"b", "a", "b"}},
      {{"a", "--count", "7", "b", "-f", "c"}, {"a", "b", "c"}},
      {{"--count=7", "a b", ""}, {"a b", ""}},
      {{"-"}, {"-"}},
      {{"a", "-", "b"}, {"a", "-", "b"}},
      {{"--", "-f", "--count"}, {"-f", "--count"}},
      {{"a", "--", "--", "b"}, {"a", "--", "b"}},
      {{"x=y", "logs/*.txt"}, {"x=y", "logs/*.txt"}},
  };
  for (const row& one : table) {
    CAPTURE(one.given);
    program sample;
    sample.run(one.given);
    CHECK(sample.answer.next == command_line_answer::step::go_on);
    CHECK(sample.files == one.files);
  }
  program sample;
  sample.run({"a", "-c", "7", "b", "-f", "--quiet", "c", "--seed", "9"});
  CHECK(sample.files == words{"a", "b", "c"});
  CHECK(sample.count == 7);
  CHECK(sample.fast);
  CHECK(sample.how.quiet);
  CHECK(sample.how.seed == 9);
}

TEST_CASE("operands do not hide what is wrong with options") {
  const auto refusal = [](const words& given, bool takes_files = true) -> std::string {
    program sample;
    try {
      sample.run(given, takes_files);
    } catch (const rankwise::config_error& error) {
      return error.what();
    }
    return "";
  };
  CHECK(refusal({"a", "--cuont", "3"}) ==
        "unknown option --cuont; did you mean --count? See --help");
  CHECK(refusal({"a", "-c"}) == "--count: its value is missing; see --help");
  CHECK(refusal({"a", "--count", "b"}) ==
        R"(--count: found "b", accepted: a whole number from 1 to 100)");
  CHECK(refusal({"a", "--quiet=1", "b"}) == "--quiet: takes no value; see --help");
  CHECK(refusal({"a"}, false) == R"(found "a", accepted: options only; see --help)");
  CHECK(refusal({"--", "-f"}, false) == R"(found "-f", accepted: options only; see --help)");
}

TEST_CASE("the help names the operands where there are any") {
  program sample;
  sample.run({"a", "--help"});
  CHECK(sample.answer.next == command_line_answer::step::print_and_exit);
  CHECK_THAT(sample.answer.text, ContainsSubstring("Usage: sample [options] FILE...\n"));
  CHECK(sample.files.empty());
  program other;
  other.run({"--help"}, false);
  CHECK_THAT(other.answer.text, ContainsSubstring("Usage: sample [options]\n"));
}

TEST_CASE("too few operands are refused where there is a least number") {
  const auto refusal = [](const words& given, std::size_t at_least) -> std::string {
    program sample;
    try {
      sample.run(given, true, at_least);
    } catch (const rankwise::config_error& error) {
      return error.what();
    }
    return "";
  };
  CHECK(refusal({}, 1) == "FILE...: found nothing, accepted: one or more; see --help");
  CHECK(refusal({"-f"}, 2) == "FILE...: found nothing, accepted: 2 or more; see --help");
  CHECK(refusal({"a"}, 2) == "FILE...: found 1, accepted: 2 or more; see --help");
  CHECK(refusal({"a"}, 1).empty());
  CHECK(refusal({"a", "b", "c"}, 2).empty());
  CHECK(refusal({"--help"}, 1).empty());
  CHECK(refusal({}, 0).empty());
}
