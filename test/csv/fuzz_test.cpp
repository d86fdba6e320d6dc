// SPDX-License-Identifier: MIT
// Cells and tables as nobody means them: numbers are those of the C library where it sees one, and
// a table has the same ones wherever it is cut.
#include "fuzz/fuzz.hpp"

#include <rankwise/error.hpp>
#include <rankwise/readers/detail/memory_source.hpp>
#include <rankwise/readers/input.hpp>
#include <rankwise/text/parse_number.hpp>

#include "catch.hpp"
#include "csv/column.hpp"
#include "csv/table_options.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace {

/// What strtod makes of `text`, which is in the C locale here, where that is no hexadecimal number,
/// no nan with a payload, and nothing is before or behind it.
std::optional<double> number_by_strtod(const std::string& text) {
  if (text.empty() || text.find_first_of("xX( \t\n\v\f\r") != std::string::npos) return {};
  if (std::strlen(text.c_str()) != text.size()) return {};
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (end != text.c_str() + text.size()) return {};
  return value;
}

bool is_same(std::optional<double> left, std::optional<double> right) {
  if (!left || !right) return !left && !right;
  if (std::isnan(*left) || std::isnan(*right)) return std::isnan(*left) && std::isnan(*right);
  return *left == *right && std::signbit(*left) == std::signbit(*right);
}

/// The numbers of a table read in parts of `part_bytes` bytes, and how many rows are left out;
/// nothing where it is refused.
std::optional<std::vector<double>> numbers_of(const std::string& text,
                                              std::uint64_t part_bytes,
                                              const csv::number_columns<2>& what) {
  std::vector<double> all;
  std::uint64_t n_left_out = 0;
  try {
    for (std::uint64_t first = 0; first < text.size(); first += part_bytes) {
      const std::uint64_t last = std::min<std::uint64_t>(text.size(), first + part_bytes);
      rankwise::input part(std::make_unique<rankwise::memory_source>("a", text), first, last);
      n_left_out += csv::for_each_numbers(part, what, [&all](const std::array<double, 2>& row) {
        for (const double number : row) {
          REQUIRE(std::isfinite(number));
          all.push_back(number);
        }
      });
    }
  } catch (const rankwise::config_error& error) {
    REQUIRE(std::string_view(error.what()).starts_with("a: byte "));
    return {};
  }
  all.push_back(static_cast<double>(n_left_out));
  return all;
}

}  // namespace

TEST_CASE("numbers are those of strtod") {
  const std::vector<std::string> texts{"+7",
                                       "7.",
                                       ".7e1",
                                       "-0.00e-00",
                                       "1E+00",
                                       "4.9e-324",
                                       "1e-400",
                                       "1e400",
                                       "inf",
                                       "-Infinity",
                                       "NaN",
                                       "12345678901234567890123456789e-20",
                                       "1.7976931348623157e308",
                                       "0.1",
                                       "2.2250738585072011e-308"};
  std::uint64_t n_numbers = 0;
  std::uint64_t n_others = 0;
  fuzz::run([&](std::uint64_t, rankwise::random_stream& chance) {
    const std::string text = fuzz::changed(texts, chance);
    for (const std::string& one : {text, texts[chance() % texts.size()] + text.substr(0, 3)}) {
      const std::optional<double> number = rankwise::parse_number(one);
      CAPTURE(one);
      REQUIRE(is_same(number, number_by_strtod(one)));
      ++(number ? n_numbers : n_others);
    }
  });
  CHECK(n_numbers > 0);
  CHECK(n_others > 0);
}

TEST_CASE("tables have the same numbers wherever they are cut") {
  const std::vector<std::string> texts{"\xEF\xBB\xBFx,y\n1,2\n+3, 4. \n\"5\",.6e1\n",
                                       "1,2\r\nNA,3\r\n,4\r\n5,6",
                                       "\n\na,b\n1e-400,2\n"};
  csv::number_columns<2> what{.columns = {csv::column{0, ""}, csv::column{1, ""}}, .format = {}};
  what.format.missing = csv::parse_missing("NA,");
  std::uint64_t n_read = 0;
  std::uint64_t n_refused = 0;
  fuzz::run([&](std::uint64_t, rankwise::random_stream& chance) {
    const std::string text = fuzz::changed(texts, chance);
    const auto whole = numbers_of(text, text.size() + 1, what);
    ++(whole ? n_read : n_refused);
    REQUIRE(numbers_of(text, 1 + chance() % 9, what) == whole);
  });
  CHECK(n_read > 0);
  CHECK(n_refused > 0);
}
