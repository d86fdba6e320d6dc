// SPDX-License-Identifier: MIT
// Options that are numbers of bytes, and those of map_reduce.
#include <rankwise/map_reduce/options.hpp>
#include <rankwise/program/command_line.hpp>
#include <rankwise/program/option_values.hpp>

#include "catch.hpp"

#include <boost/program_options/options_description.hpp>

#include <cstdint>
#include <string>
#include <vector>

using Catch::Matchers::ContainsSubstring;
using rankwise::bad_value;
using rankwise::combiner_kind;
using rankwise::map_reduce_options;
using rankwise::parse_byte_count;

namespace {

/// What the options of map_reduce make of a command line.
rankwise::command_line_answer parse(map_reduce_options& how,
                                    const std::vector<std::string>& words) {
  rankwise::options scheduler;
  return rankwise::parse_command_line(
      {words, {}},
      scheduler,
      {"sample", "1.2", "counts", rankwise::map_reduce_program_options(how)});
}

std::string refusal(const std::vector<std::string>& words) {
  map_reduce_options how;
  try {
    parse(how, words);
  } catch (const rankwise::config_error& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("bytes are counted in powers of 1024") {
  CHECK(parse_byte_count("0", 0) == 0);
  CHECK(parse_byte_count("1", 0) == 1);
  CHECK(parse_byte_count("512K", 0) == 512 * 1024);
  CHECK(parse_byte_count("3M", 0) == 3 * 1024 * 1024);
  CHECK(parse_byte_count("2G", 0) == std::uint64_t{2} << 30U);
  CHECK(parse_byte_count("7T", 0) == std::uint64_t{7} << 40U);
  CHECK(parse_byte_count("18446744073709551615", 0) == UINT64_MAX);
  CHECK(parse_byte_count("16777215T", 0) == std::uint64_t{16777215} << 40U);
  CHECK(parse_byte_count("18014398509481983K", 0) == std::uint64_t{18014398509481983} << 10U);
  CHECK(parse_byte_count("10", 10) == 10);
  CHECK(parse_byte_count("1K", 1024) == 1024);
  CHECK(parse_byte_count("007K", 0) == 7 * 1024);
}

TEST_CASE("what is no number of bytes is refused") {
  for (const char* const text : {"",          "K",
                                 "-1",        "+1",
                                 "-1K",       " 1",
                                 "1 ",        "1 K",
                                 "1k",        "1m",
                                 "1KB",       "1KK",
                                 "1.5G",      "1e6",
                                 "0x10",      "1P",
                                 "M1",        "18446744073709551616",
                                 "16777216T", "18014398509481984K",
                                 "1\t"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(parse_byte_count(text, 0), bad_value);
  }
  CHECK_THROWS_AS(parse_byte_count("9", 10), bad_value);
  CHECK_THROWS_AS(parse_byte_count("1023", 1024), bad_value);
  CHECK_THROWS_WITH(parse_byte_count("1k", 10),
                    ContainsSubstring(R"(found "1k", accepted: a number of bytes of at least 10)"));
}

TEST_CASE("the options of map_reduce arrive, and what is not given keeps its value") {
  map_reduce_options how;
  const std::string spill_directory = how.spill_directory;
  parse(how, {});
  CHECK(how.memory_bytes == 0);
  CHECK(how.spill_directory == spill_directory);
  CHECK(how.combiner == combiner_kind::linear);
  CHECK(how.longest_record().bytes == SIZE_MAX);

  parse(how, {"--memory", "256M", "--spill-dir=/var/tmp", "--combiner", "zynq"});
  CHECK(how.memory_bytes == std::uint64_t{256} << 20U);
  CHECK(how.spill_directory == "/var/tmp");
  CHECK(how.combiner == combiner_kind::zynq);
  CHECK(how.longest_record().bytes == std::size_t{64} << 20U);
  const std::vector<combiner_kind> kinds{
      combiner_kind::linear, combiner_kind::cuckoo, combiner_kind::zynq, combiner_kind::none};
  for (const combiner_kind kind : kinds) {
    parse(how,
          {"--combiner", std::string(rankwise::combiner_names[static_cast<std::size_t>(kind)])});
    CHECK(how.combiner == kind);
  }

  CHECK_THAT(
      refusal({"--memory", "8191K"}),
      ContainsSubstring(R"(--memory: found "8191K", accepted: a number of bytes of at least)"));
  CHECK(refusal({"--memory", "8M"}).empty());
  CHECK_THAT(refusal({"--memory", "0"}), ContainsSubstring(R"(--memory: found "0")"));
  CHECK(refusal({"--combiner", "Linear"}) ==
        R"(--combiner: found "Linear", accepted: linear, cuckoo, zynq, none)");
}

TEST_CASE("the help says what the defaults are") {
  map_reduce_options how;
  how.combiner = combiner_kind::cuckoo;
  how.spill_directory = "/some/where";
  const auto answer = parse(how, {"--help"});
  CHECK_THAT(answer.text, ContainsSubstring("--memory SIZE"));
  CHECK_THAT(answer.text, ContainsSubstring("at least 8M (default: no"));
  CHECK_THAT(answer.text, ContainsSubstring("/some/where)"));
  CHECK_THAT(answer.text, ContainsSubstring("(default: cuckoo)"));
}
