// SPDX-License-Identifier: MIT
#include "csv/column.hpp"

#include <rankwise/error.hpp>
#include <rankwise/readers/detail/memory_source.hpp>
#include <rankwise/readers/input.hpp>

#include "catch.hpp"
#include "csv/table_options.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

using Catch::Matchers::Equals;
using csv::column;

namespace {

using columns_type = csv::number_columns<2>;

columns_type columns(const std::string& one, const std::string& other) {
  return {.columns = {csv::parse_column(one), csv::parse_column(other)}, .format = {}};
}

/// The same where cells that say NA, or nothing, have no value.
columns_type gappy_columns(const std::string& one, const std::string& other) {
  columns_type called = columns(one, other);
  called.format.missing = csv::parse_missing("NA, ,.");
  return called;
}

struct rows_read {
  std::vector<double> numbers;
  std::uint64_t left_out = 0;
};

/// Rows of a text that is read in parts of `part_bytes` bytes.
rows_read rows_in(const std::string& text,
                  const columns_type& called,
                  std::uint64_t part_bytes = 1'000'000) {
  rows_read all;
  for (std::uint64_t first = 0; first < text.size(); first += part_bytes) {
    const std::uint64_t last = std::min<std::uint64_t>(text.size(), first + part_bytes);
    rankwise::input part(std::make_unique<rankwise::memory_source>("a.csv", text), first, last);
    all.left_out +=
        csv::for_each_numbers(part, called, [&all](const std::array<double, 2>& numbers) {
          all.numbers.insert(all.numbers.end(), numbers.begin(), numbers.end());
        });
  }
  return all;
}

std::vector<double> numbers_in(const std::string& text,
                               const columns_type& called,
                               std::uint64_t part_bytes = 1'000'000) {
  return rows_in(text, called, part_bytes).numbers;
}

std::string refusal_of(const std::string& text, const columns_type& called) {
  try {
    numbers_in(text, called);
  } catch (const rankwise::config_error& error) {
    return error.what();
  }
  return "none";
}

}  // namespace

TEST_CASE("columns are called by number or by name") {
  CHECK(csv::parse_column("0").name.empty());
  CHECK(csv::parse_column("12").number == 12);
  CHECK(csv::parse_column("12").text() == "column 12");
  for (const std::string name : {"weight", "12a", "-1", "1.5", " 1"}) {
    CHECK(csv::parse_column(name).name == name);
    CHECK(csv::parse_column(name).text() == name);
  }
}

TEST_CASE("numbers of columns, however the file is cut") {
  const std::string rows = "1,a,2\n-1.5e3,\"b,c\", 4 \r\n\n7,,8";
  const std::vector<double> expected{2, 1, 4, -1500, 8, 7};
  columns_type named = columns("z", "x");
  named.columns[0].number = 2;
  for (std::uint64_t part_bytes = 1; part_bytes < 60; ++part_bytes) {
    CAPTURE(part_bytes);
    CHECK(numbers_in(rows, columns("2", "0"), part_bytes) == expected);
    // A first line without a number is a header.
    CHECK(numbers_in("x,y,z\n" + rows, columns("2", "0"), part_bytes) == expected);
    CHECK(numbers_in("x,y,z\n" + rows, named, part_bytes) == expected);
    CHECK(numbers_in("\xEF\xBB\xBFx,y,z\n" + rows, named, part_bytes) == expected);
    CHECK(numbers_in("\xEF\xBB\xBF\"x\",y,z\n" + rows, named, part_bytes) == expected);
    CHECK(numbers_in("\xEF\xBB\xBF" + rows, columns("2", "0"), part_bytes) == expected);
  }
  CHECK(numbers_in("", columns("0", "1")).empty());
  CHECK(numbers_in("x,y\n", columns("0", "1")).empty());
}

TEST_CASE("rows that do not have the numbers") {
  CHECK_THAT(refusal_of("1,2\n3,four\n", columns("0", "1")),
             Equals("a.csv: byte 4: column 1: found \"four\", where a number is"));
  CHECK_THAT(refusal_of("1,two\n", columns("0", "1")),
             Equals("a.csv: byte 0: column 1: found \"two\", where a number is"));
  CHECK_THAT(
      refusal_of("1,2\n3,nan\n", columns("0", "1")),
      Equals(
          "a.csv: byte 4: found nan in column 1, accepted: finite numbers, of at most 1.8e+308"));
  CHECK_THAT(
      refusal_of("1,2\n-inf,0\n", columns("0", "1")),
      Equals(
          "a.csv: byte 4: found -inf in column 0, accepted: finite numbers, of at most 1.8e+308"));
  CHECK_THAT(
      refusal_of("1,2\n 1e400 ,0\n", columns("0", "1")),
      Equals(
          "a.csv: byte 4: found 1e400 in column 0, accepted: finite numbers, of at most 1.8e+308"));
  columns_type named = columns("x", "0");
  named.columns[0].number = 1;
  CHECK_THAT(refusal_of("0,1\n", named),
             Equals("a.csv: byte 0: found \"1\" as the name of column 1, accepted: \"x\", as in "
                    "the first file"));
  CHECK(refusal_of("1,2\n3\n", columns("0", "1")) != "none");
  CHECK(refusal_of("1,2\n3,\n", columns("0", "1")) != "none");
}

TEST_CASE("a number that is meant as a name is told from one that is none") {
  CHECK_THAT(refusal_of("country,2019,2020\na,1,2\n", columns("2019", "2020")),
             Equals("a.csv: byte 0: found no column 2019, but column 1 of that name, accepted: a "
                    "column's number, or its name by the option that ends in -name"));
  columns_type named{.columns = {column{1, "2019"}, column{2, "2020"}}, .format = {}};
  CHECK(numbers_in("country,2019,2020\na,1,2\n", named) == std::vector<double>{1, 2});
}

TEST_CASE("a header is told from a row of numbers") {
  const std::vector<double> row{1, 2};
  for (const std::string header : {"Info,infant", "Nancy,name", "x,", "+,-.", "e5,E"})
    CHECK(numbers_in(header + "\n1,2\n", columns("0", "1")) == row);
  for (const std::string number : {"1st", "+1", ".5x", "-.5", "inf"}) {
    CAPTURE(number);
    CHECK(refusal_of("x," + number + "\n1,2\n", columns("0", "1")) != "none");
  }
}

TEST_CASE("rows with a missing value are left out and counted") {
  const std::string text = "x,y\n1,2\n2,\nNA,3\n 4 , 5\n . ,\"\"\n6,7\n";
  for (std::uint64_t part_bytes = 1; part_bytes < 40; ++part_bytes) {
    const rows_read found = rows_in(text, gappy_columns("0", "1"), part_bytes);
    CHECK(found.numbers == std::vector<double>{1, 2, 4, 5, 6, 7});
    CHECK(found.left_out == 3);
  }
  // A first line of missing values alone is no header; one with a name is.
  CHECK(rows_in("NA,\n1,2\n", gappy_columns("0", "1")).left_out == 1);
  CHECK(rows_in(",name\n1,2\n", gappy_columns("0", "1")).left_out == 0);
  CHECK_THAT(refusal_of("1,2\nNA,N/A\n", gappy_columns("0", "1")),
             Equals("a.csv: byte 4: column 1: found \"N/A\", where a number is"));
  CHECK(csv::parse_missing("NA,,.") == std::vector<std::string>{"NA", "", "."});
  CHECK(csv::parse_missing("") == std::vector<std::string>{""});
  CHECK(csv::parse_missing(" -999 ") == std::vector<std::string>{"-999"});
}

TEST_CASE("columns may be separated by another character") {
  columns_type called = columns("0", "1");
  called.format.delimiter = csv::parse_delimiter(";");
  CHECK(numbers_in("x;y\n1;2\n\"3\";4\n", called) == std::vector<double>{1, 2, 3, 4});
  called.format.delimiter = csv::parse_delimiter("\\t");
  CHECK(numbers_in("1\t2\n", called) == std::vector<double>{1, 2});
  for (const std::string text : {"", ";;", "\"", "\n", "\r", "\xc2\xa7", "\\n"})
    CHECK_THROWS_AS(csv::parse_delimiter(text), rankwise::bad_value);
}
