// SPDX-License-Identifier: MIT
#include "csv/column.hpp"

#include <rankwise/error.hpp>
#include <rankwise/read/input.hpp>
#include <rankwise/read/memory_source.hpp>

#include "catch.hpp"

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

using columns_type = std::array<column, 2>;

columns_type columns(const std::string& one, const std::string& other) {
  return {csv::parse_column(one), csv::parse_column(other)};
}

/// Numbers of a text that is read in parts of `part_bytes` bytes.
std::vector<double> numbers_in(const std::string& text,
                               const columns_type& called,
                               std::uint64_t part_bytes = 1'000'000) {
  std::vector<double> all;
  for (std::uint64_t first = 0; first < text.size(); first += part_bytes) {
    const std::uint64_t last = std::min<std::uint64_t>(text.size(), first + part_bytes);
    rankwise::input part(std::make_unique<rankwise::memory_source>("a.csv", text), first, last);
    csv::for_each_numbers(part, called, [&all](const std::array<double, 2>& numbers) {
      all.insert(all.end(), numbers.begin(), numbers.end());
    });
  }
  return all;
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
  named[0].number = 2;
  for (std::uint64_t part_bytes = 1; part_bytes < 60; ++part_bytes) {
    CAPTURE(part_bytes);
    CHECK(numbers_in(rows, columns("2", "0"), part_bytes) == expected);
    // A first line without a number is a header.
    CHECK(numbers_in("x,y,z\n" + rows, columns("2", "0"), part_bytes) == expected);
    CHECK(numbers_in("x,y,z\n" + rows, named, part_bytes) == expected);
    CHECK(numbers_in("\xEF\xBB\xBFx,y,z\n" + rows, named, part_bytes) == expected);
  }
  CHECK(numbers_in("", columns("0", "1")).empty());
  CHECK(numbers_in("x,y\n", columns("0", "1")).empty());
}

TEST_CASE("rows that do not have the numbers") {
  CHECK_THAT(refusal_of("1,2\n3,four\n", columns("0", "1")),
             Equals("a.csv: byte 4: column 1: found \"four\", where a number is"));
  CHECK_THAT(refusal_of("1,two\n", columns("0", "1")),
             Equals("a.csv: byte 0: column 1: found \"two\", where a number is"));
  CHECK_THAT(refusal_of("1,2\n3,nan\n", columns("0", "1")),
             Equals("a.csv: byte 4: found nan in column 1, accepted: finite numbers"));
  CHECK_THAT(refusal_of("1,2\n-inf,0\n", columns("0", "1")),
             Equals("a.csv: byte 4: found -inf in column 0, accepted: finite numbers"));
  columns_type named = columns("x", "0");
  named[0].number = 1;
  CHECK_THAT(refusal_of("0,1\n", named),
             Equals("a.csv: byte 0: found \"1\" as the name of column 1, accepted: \"x\", as in "
                    "the first file"));
  CHECK(refusal_of("1,2\n3\n", columns("0", "1")) != "none");
  CHECK(refusal_of("1,2\n3,\n", columns("0", "1")) != "none");
}
