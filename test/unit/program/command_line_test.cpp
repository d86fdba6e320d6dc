// SPDX-License-Identifier: MIT
#include <rankwise/program/command_line.hpp>
#include <rankwise/program/option_variables.hpp>

#include "catch.hpp"

#include <boost/program_options/options_description.hpp>

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

using rankwise::arguments;
using rankwise::command_line_answer;

namespace {

// A program with options of its own, and what its command line made of them.
struct program {
  rankwise::options how;
  std::uint32_t count = 5;
  int offset = 0;
  double ratio = 0;
  std::vector<std::string> files;
  bool fast = false;
  command_line_answer answer;

  boost::program_options::options_description own_options() {
    namespace po = boost::program_options;
    po::options_description own("Options of sample");
    own.add_options()("count,c", rankwise::whole_number(count, 1U, 100U), "how many")(
        "offset", rankwise::whole_number(offset, -5), "where")(
        "ratio", po::value(&ratio)->default_value(0.5), "how much")(
        "file", po::value(&files)->composing(), "which")("fast", po::bool_switch(&fast), "hurry");
    return own;
  }

  void run(const arguments& given) {
    answer =
        rankwise::parse_command_line(given, how, {"sample", "1.2", "shows options", own_options()});
  }
};

// What is said of `words` and `environment`; "" where they are accepted.
std::string refusal(const std::vector<std::string>& words, const arguments& around = {}) {
  program sample;
  try {
    sample.run({words, around.environment});
  } catch (const rankwise::config_error& error) {
    CHECK(sample.how.chunk == 0);  // nothing is set half
    return error.what();
  }
  return "";
}

std::string refused_variable(const std::string& name, const std::string& value) {
  return refusal({}, {{}, {{name, value}}});
}

}  // namespace

TEST_CASE("bad command lines get one message that names option, found and accepted") {
  struct row {
    std::vector<std::string> words;
    std::string says;
  };

  const std::vector<row> table{
      {{"--schedule", "fast"},
       R"(--schedule: found "fast", accepted: static, self, guided, factoring, adaptive)"},
      {{"--schedule=Static"},
       R"(--schedule: found "Static", accepted: static, self, guided, factoring, adaptive)"},
      {{"--on-error", "ignore"}, R"(--on-error: found "ignore", accepted: stop, collect, retry)"},
      {{"--progress", "json"}, R"(--progress: found "json", accepted: auto, line, plain, none)"},
      {{"--chunk", "0"}, R"(--chunk: found "0", accepted: a whole number of at least 1)"},
      {{"--chunk", "-3"}, R"(--chunk: found "-3", accepted: a whole number of at least 1)"},
      {{"--chunk=-3"}, R"(--chunk: found "-3", accepted: a whole number of at least 1)"},
      {{"--chunk", "+3"}, R"(--chunk: found "+3", accepted: a whole number of at least 1)"},
      {{"--chunk", " 3"}, R"(--chunk: found " 3", accepted: a whole number of at least 1)"},
      {{"--chunk", "3.5"}, R"(--chunk: found "3.5", accepted: a whole number of at least 1)"},
      {{"--chunk", "1e3"}, R"(--chunk: found "1e3", accepted: a whole number of at least 1)"},
      {{"--chunk", "0x10"}, R"(--chunk: found "0x10", accepted: a whole number of at least 1)"},
      {{"--chunk", "many"}, R"(--chunk: found "many", accepted: a whole number of at least 1)"},
      {{"--chunk", "18446744073709551616"},
       R"(--chunk: found "18446744073709551616", accepted: a whole number from 1 to 18446744073709551615)"},
      {{"--retries", "4294967296"},
       R"(--retries: found "4294967296", accepted: a whole number from 1 to 4294967295)"},
      {{"--seed", "-1"}, R"(--seed: found "-1", accepted: a whole number of at least 0)"},
      {{"--count", "101"}, R"(--count: found "101", accepted: a whole number from 1 to 100)"},
      {{"-c", "0"}, R"(--count: found "0", accepted: a whole number from 1 to 100)"},
      {{"-c0"}, R"(--count: found "0", accepted: a whole number from 1 to 100)"},
      {{"--offset", "-6"}, R"(--offset: found "-6", accepted: a whole number of at least -5)"},
      {{"--ratio", "half"}, R"(--ratio: found "half", which can't be read; see --help)"},
      {{"--count"}, "--count: its value is missing; see --help"},
      {{"--count="}, "--count: its value is missing; see --help"},
      {{"--quiet=1"}, "--quiet: takes no value; see --help"},
      {{"--count", "3", "--count", "4"}, "--count: given twice"},
      {{"--quiet", "--quiet"}, "--quiet: given twice"},
      {{"--cuont", "3"}, "unknown option --cuont; did you mean --count? See --help"},
      {{"--Seed", "3"}, "unknown option --Seed; did you mean --seed? See --help"},
      {{"--no-root-works"},
       "unknown option --no-root-works; did you mean --no-root-work? See --help"},
      {{"--sched", "self"}, "unknown option --sched; did you mean --schedule? See --help"},
      {{"--verbose"}, "unknown option --verbose; see --help"},
      {{"-x"}, "unknown option -x; see --help"},
      {{"12"}, R"(found "12", accepted: options only; see --help)"},
      {{"--quiet", "yes"}, R"(found "yes", accepted: options only; see --help)"},
      {{"--", "--quiet"}, R"(found "--quiet", accepted: options only; see --help)"},
  };
  for (const row& bad : table) {
    CAPTURE(bad.words);
    CHECK(refusal(bad.words) == bad.says);
  }
}

TEST_CASE("bad variables are named as the user knows them") {
  CHECK(refused_variable("RANKWISE_SCHEDULE", "fast") ==
        R"(RANKWISE_SCHEDULE: found "fast", accepted: static, self, guided, factoring, adaptive)");
  CHECK(refused_variable("RANKWISE_CHUNK", "-3") ==
        R"(RANKWISE_CHUNK: found "-3", accepted: a whole number of at least 1)");
  CHECK(refused_variable("RANKWISE_THREADS", "0") ==
        R"(RANKWISE_THREADS: found "0", accepted: a whole number from 1 to 4096)");
  CHECK(refused_variable("RANKWISE_ON_ERROR", "x") ==
        R"(RANKWISE_ON_ERROR: found "x", accepted: stop, collect, retry)");
  CHECK(refused_variable("RANKWISE_QUIET", "yes") ==
        R"(RANKWISE_QUIET: found "yes", accepted: 0, 1)");
  CHECK(refused_variable("RANKWISE_SHEDULE", "self") ==
        "unknown variable RANKWISE_SHEDULE; did you mean RANKWISE_SCHEDULE? See --help");
  CHECK(refused_variable("RANKWISE_HELP", "1") == "unknown variable RANKWISE_HELP; see --help");
  CHECK(refused_variable("RANKWISE_FOOBAR", "1") == "unknown variable RANKWISE_FOOBAR; see --help");
}

TEST_CASE("variables of other programs, and empty ones, are left alone") {
  for (const char* name : {"RANKWISE_TERMINAL",
                           "RANKWISE_SSH",
                           "RANKWISE_PASSPHRASE",
                           "RANKWISE_TEST_SEED",
                           "RANKWISEX",
                           "PATH"}) {
    CHECK(refused_variable(name, "anything").empty());
  }
  CHECK(refused_variable("RANKWISE_CHUNK", "").empty());
}

TEST_CASE("what is given arrives, and what is not keeps its value") {
  program sample;
  sample.how.retries = 7;
  sample.run({{"--schedule",
               "guided",
               "--chunk=4",
               "--on-error",
               "retry",
               "--seed",
               "18446744073709551615",
               "--progress",
               "plain",
               "--quiet",
               "--json",
               "--no-root-work",
               "-c3",
               "--offset",
               "-5",
               "--file",
               "a",
               "--file",
               "b",
               "--fast"},
              {}});
  CHECK(sample.answer.next == command_line_answer::step::go_on);
  CHECK(sample.how.schedule == rankwise::schedule_kind::guided);
  CHECK(sample.how.chunk == 4);
  CHECK(sample.how.on_error == rankwise::on_error_kind::retry);
  CHECK(sample.how.retries == 7);
  CHECK(sample.how.seed == UINT64_MAX);
  CHECK(sample.how.progress == rankwise::progress_mode::plain);
  CHECK(sample.how.quiet);
  CHECK(sample.how.json);
  CHECK_FALSE(sample.how.root_works);
  CHECK(sample.count == 3);
  CHECK(sample.offset == -5);
  CHECK(sample.files == std::vector<std::string>{"a", "b"});
  CHECK(sample.fast);
  CHECK(sample.ratio == 0.5);

  program untouched;
  untouched.run({});
  CHECK(untouched.how.schedule == rankwise::schedule_kind::adaptive);
  CHECK(untouched.how.root_works);
  CHECK(untouched.count == 5);
  CHECK_FALSE(untouched.how.quiet);
}

TEST_CASE("the command line wins over the environment, and that over the program") {
  program sample;
  sample.how.json = true;
  sample.how.seed = 1;
  sample.how.chunk = 1;
  sample.run({{"--chunk", "3"},
              {{"RANKWISE_CHUNK", "2"},
               {"RANKWISE_SEED", "2"},
               {"RANKWISE_QUIET", "1"},
               {"RANKWISE_JSON", "0"},
               {"RANKWISE_NO_ROOT_WORK", "1"}}});
  CHECK(sample.how.chunk == 3);
  CHECK(sample.how.seed == 2);
  CHECK(sample.how.quiet);
  CHECK_FALSE(sample.how.json);
  CHECK_FALSE(sample.how.root_works);
}

TEST_CASE("help and version are answered, whatever else is wrong") {
  program sample;
  sample.run({{"--version"}, {}});
  CHECK(sample.answer.next == command_line_answer::step::print_and_exit);
  CHECK(sample.answer.text == "sample 1.2\n");

  program other;
  other.run({{"--chunk", "x", "--help", "--cuont"}, {{"RANKWISE_FOOBAR", "1"}}});
  CHECK(other.answer.next == command_line_answer::step::print_and_exit);
  using Catch::Matchers::ContainsSubstring;
  CHECK_THAT(other.answer.text,
             ContainsSubstring("sample 1.2: shows options\n\nUsage: sample [options]\n"));
  CHECK_THAT(other.answer.text, ContainsSubstring("Options of sample:\n  -c [ --count ] N"));
  CHECK_THAT(other.answer.text, ContainsSubstring("--schedule NAME"));
  CHECK_THAT(other.answer.text, ContainsSubstring("stop, collect, retry (default:"));
  CHECK_THAT(other.answer.text, ContainsSubstring("--no-root-work"));
}

TEST_CASE("the process's own words and variables are found") {
  const std::array words{"name", "--quiet", "x=y"};
  const arguments found = arguments::of_process(3, words.data());
  CHECK(found.words == std::vector<std::string>{"--quiet", "x=y"});
  CHECK(found.environment.contains("PATH"));
  CHECK(arguments::of_process(0, nullptr).words.empty());
}

TEST_CASE("the variables that reach all hosts are those of the options, and no other") {
  rankwise::options how;
  std::size_t n_options = 0;
  const auto group = rankwise::program_options(how);
  for (const auto& option : group.options()) {
    if (option->long_name() == "help" || option->long_name() == "version") continue;
    const std::string variable = "RANKWISE_" + rankwise::detail::variable_name(option->long_name());
    CAPTURE(variable);
    CHECK(rankwise::sets_an_option(variable));
    ++n_options;
  }
  CHECK(n_options == rankwise::option_variables.size());
  CHECK_FALSE(rankwise::sets_an_option("RANKWISE_PASSPHRASE"));
}

TEST_CASE("-h is --help") {
  program sample;
  sample.run({{"-h"}, {}});
  CHECK(sample.answer.next == command_line_answer::step::print_and_exit);
  CHECK(sample.answer.text.find("--help") != std::string::npos);
}
