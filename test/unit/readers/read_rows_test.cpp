// SPDX-License-Identifier: MIT
#include <rankwise/readers/for_each_row.hpp>

#include "catch.hpp"
#include "readers/read_support.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace {

using read_tests::for_each_split;
using read_tests::generator;
using table = std::vector<std::vector<std::string>>;

// As RFC 4180 has it; some fields are quoted that need not be.
std::string written(const table& rows,
                    char separator,
                    const std::string& newline,
                    generator& random) {
  std::string text;
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (i != 0) text += separator;
      const bool must_quote =
          row[i].find_first_of(std::string("\"\r") + separator) != row[i].npos ||
          (row.size() == 1 && row[i].empty());
      if (!must_quote && random.up_to(3) != 0) {
        text += row[i];
        continue;
      }
      text += '"';
      for (const char byte : row[i])
        text += byte == '"' ? std::string(2, '"') : std::string(1, byte);
      text += '"';
    }
    text += newline;
  }
  return text;
}

table read_rows(std::string_view text,
                rankwise::csv_format format,
                std::size_t split_bytes,
                std::size_t read_bytes) {
  table rows;
  for_each_split(text, split_bytes, read_bytes, [&](rankwise::input& part) {
    rankwise::for_each_row(part, format, [&](const rankwise::csv_row& row) {
      rows.emplace_back();
      for (std::size_t i = 0; i < row.size(); ++i) rows.back().emplace_back(row[i]);
    });
  });
  return rows;
}

table read_rows(std::string_view text) {
  return read_rows(text, {}, 1000, 1000);
}

template <class Use>
std::string error_of(std::string_view text, const Use& use) {
  return read_tests::error_of([&] {
    for_each_split(
        text, 3, 2, [&](rankwise::input& part) { rankwise::for_each_row(part, {}, use); });
  });
}

}  // namespace

TEST_CASE("rows that are written come back, whatever the splits and the blocks") {
  const auto seed = GENERATE(range(1U, 301U));
  generator random(seed);
  const char separator = random.up_to(1) == 0 ? ',' : '\t';
  table rows(random.up_to(30));
  for (auto& row : rows) {
    row.resize(random.between(1, 5));
    for (std::string& field : row) field = random.text(random.up_to(8), "ab\"\", \t\r");
  }
  std::string text = written(rows, separator, random.up_to(1) == 0 ? "\n" : "\r\n", random);
  if (!text.empty() && random.up_to(1) == 0) text.pop_back();
  if (!text.empty() && text.back() == '\r') text.pop_back();
  const bool has_header = random.up_to(1) == 0;
  if (has_header && !rows.empty()) rows.erase(rows.begin());
  CAPTURE(seed, text);
  CHECK(read_rows(text, {separator, has_header}, random.between(1, 300), random.between(1, 50)) ==
        rows);
}

TEST_CASE("odd rows") {
  CHECK(read_rows("") == table{});
  CHECK(read_rows("\n\r\n\n") == table{});
  CHECK(read_rows(",") == table{{"", ""}});
  CHECK(read_rows("a,\n,b\r\n\nc\r") == table{{"a", ""}, {"", "b"}, {"c"}});
  CHECK(read_rows("\"\"\n\"\"\"\"\n") == table{{""}, {"\""}});
  CHECK(read_rows("a \"b\" c,5\" pipe\n") == table{{"a \"b\" c", "5\" pipe"}});
  CHECK(read_rows("\nname\n1\n", {',', true}, 100, 100) == table{{"name"}, {"1"}});
}

TEST_CASE("rows that can't be read are refused, with their place") {
  const auto ignore = [](const rankwise::csv_row&) {};
  CHECK(error_of("a,b\nc,\"d\ne\"\n", ignore) ==
        "some/file: byte 6: a quoted field that does not end in its line, as it has to");
  CHECK(error_of("a\n\"b\"\"\n", ignore) ==
        "some/file: byte 2: a quoted field that does not end in its line, as it has to");
  CHECK(error_of("a,\"b\"c\n", ignore) ==
        "some/file: byte 5: text between a quote that ends a field and the next separator");
  CHECK(error_of("a,b\nc\n", [](const rankwise::csv_row& row) { (void)row[1]; }) ==
        "some/file: byte 4: a row of 1 columns, where column 1 is wanted (the first is 0)");
}

TEST_CASE("fields are read as numbers") {
  std::vector<double> numbers;
  const auto collect = [&](const rankwise::csv_row& row) { numbers.push_back(row.number(1)); };
  CHECK(error_of("a,1\na, -2.5e3 \na,\"0.25\"\n", collect) == "none");
  CHECK(numbers == std::vector<double>{1, -2500, 0.25});
  CHECK(error_of("a,1\nb,1.5x\n", collect) ==
        "some/file: byte 4: column 1: found \"1.5x\", where a number is");
  CHECK(error_of("b,\n", collect) == "some/file: byte 0: column 1: found \"\", where a number is");
  CHECK(error_of("b, \n", collect) ==
        "some/file: byte 0: column 1: found \" \", where a number is");
}
