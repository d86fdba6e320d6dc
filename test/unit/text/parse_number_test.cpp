// SPDX-License-Identifier: MIT
#include <rankwise/text/parse_number.hpp>

#include "catch.hpp"

#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

using rankwise::parse_number;

TEST_CASE("numbers are read as Python's float() reads them") {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const std::vector<std::pair<std::string, double>> table{
      {"7", 7},
      {"+7", 7},
      {"-7", -7},
      {"7.", 7},
      {".7e1", 7},
      {"+.5", 0.5},
      {"1E+00", 1},
      {"0.1", 0.1},
      {"4.9e-324", 5e-324},
      {"2.4e-324", 0},
      {"1e-400", 0},
      {"1e-99999999999999999999", 0},
      {"1e400", infinity},
      {"-1e400", -infinity},
      {"+1e99999999999999999999", infinity},
      {"1.7976931348623157e308", std::numeric_limits<double>::max()},
      {"inf", infinity},
      {"-INF", -infinity},
      {"+Infinity", infinity}};
  for (const auto& [text, number] : table) {
    CAPTURE(text);
    CHECK(parse_number(text) == number);
  }
  CHECK(std::signbit(parse_number("-0").value()));
  CHECK(std::signbit(parse_number("-1e-400").value()));
  CHECK(parse_number("0." + std::string(400, '0') + "1") == 0);
  CHECK(parse_number("1" + std::string(400, '0')) == infinity);
  for (const std::string text : {"nan", "NaN", "-nan", "+nan"})
    CHECK(std::isnan(parse_number(text).value()));
}

TEST_CASE("what is no number") {
  for (const std::string text : {"",
                                 "+",
                                 "-",
                                 ".",
                                 "+-7",
                                 "++7",
                                 "-+7",
                                 "7 ",
                                 " 7",
                                 "7x",
                                 "e5",
                                 "1e",
                                 "0x1p3",
                                 "nan(1)",
                                 "nan()",
                                 "1_000",
                                 "infin",
                                 "1,5",
                                 "--7"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_number(text));
  }
}
