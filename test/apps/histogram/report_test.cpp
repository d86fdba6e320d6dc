// SPDX-License-Identifier: MIT
#include "histogram/report.hpp"

#include "catch.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

using Catch::Matchers::ContainsSubstring;
using histogram::colour_histogram;
using histogram::column_histogram;

namespace {

/// Characters of a line of UTF-8: bytes that do not continue one.
std::size_t n_characters(std::string_view line) {
  return static_cast<std::size_t>(std::count_if(line.begin(), line.end(), [](char byte) {
    return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U;
  }));
}

std::size_t widest_line(const std::string& text) {
  std::istringstream lines(text);
  std::size_t widest = 0;
  for (std::string line; std::getline(lines, line);) widest = std::max(widest, n_characters(line));
  return widest;
}

// Whatever the locale is that the test is run in.
[[maybe_unused]] const int draws_blocks = ::setenv("LC_ALL", "C.UTF-8", 1);

column_histogram weights() {
  return {.column = {.number = 2, .name = "weight <\"kg\">"},
          .bins = histogram::make_equal_bins({.low = 0, .high = 1}, 4),
          .counts = {1, 0, 8, 2, 0, 5, 0}};
}

}  // namespace

TEST_CASE("bars are drawn in the characters of the locale") {
  for (const char* const name : {"C.UTF-8", "en_GB.utf8", "de_DE.UTF-8@euro"})
    CHECK(&histogram::bars_of_locale(name) == &histogram::block_bars);
  for (const char* const name : {"C", "POSIX", "de_DE", "de_DE.ISO-8859-1", ""})
    CHECK(&histogram::bars_of_locale(name) == &histogram::ascii_bars);
  for (const auto& cells : {histogram::ascii_bars.from_below, histogram::ascii_bars.from_left}) {
    for (const std::string_view cell : cells) CHECK(cell.size() <= 1);
  }
}

TEST_CASE("bars have the lengths that their counts have") {
  CHECK(histogram::bar(0, 10, 4).empty());
  CHECK(histogram::bar(10, 10, 4) == "████");
  CHECK(histogram::bar(5, 10, 4) == "██");
  CHECK(histogram::bar(3, 16, 4) == "▊");
  CHECK(histogram::bar(1, 1'000'000, 4) == "▏");  // what is there is seen
  CHECK(histogram::bar(10, 10, 4, histogram::ascii_bars) == "####");
  CHECK(histogram::bar(1, 1'000'000, 4, histogram::ascii_bars) == ".");
}

TEST_CASE("the plot of a column") {
  CHECK(histogram::plot(weights()) ==
        "weight <\"kg\">: 16 numbers, 5 above 1\n"
        "[0, 0.25)    1  ████████\n"
        "[0.25, 0.5)  0\n"
        "[0.5, 0.75)  8  ████████████████████████████████████████████████████████████████\n"
        "[0.75, 1]    2  ████████████████\n");
}

TEST_CASE("plots fit 80 columns") {
  column_histogram wide;
  wide.bins = histogram::make_equal_bins(
      {.low = -1.2345678901234567e-200, .high = -1.2345678901234565e-200}, 3);
  wide.counts = {UINT64_MAX, 1, 0, 0, 0, 0};
  CHECK(widest_line(histogram::bin_bars(wide.bins, wide.in_bins())) <= 80);
  colour_histogram colours;
  colours.bins.fill(UINT64_MAX / 1000);
  CHECK(widest_line(histogram::colour_bars(colours.bins)) <= 80);
  colours.bins.fill(0);
  CHECK(widest_line(histogram::colour_bars(colours.bins)) <= 80);
}

TEST_CASE("edges are printed as those that are compared") {
  const auto bins = histogram::make_equal_bins({.low = 0, .high = 1}, 3);
  const std::vector<std::uint64_t> counts{1, 1, 1};
  const std::string text = histogram::bin_bars(bins, counts);
  CHECK_THAT(text, ContainsSubstring("[0, 0.3333333333333333) "));
  CHECK_THAT(text, ContainsSubstring("[0.6666666666666666, 1] "));
}

TEST_CASE("rows that were left out are told where they may be") {
  column_histogram gappy = weights();
  gappy.is_gappy = true;
  CHECK(gappy.title() == "weight <\"kg\">: 16 numbers, 5 above 1, 0 left out");
  gappy.counts.back() = 7;
  CHECK(gappy.title() == "weight <\"kg\">: 16 numbers, 5 above 1, 7 left out");
  CHECK_THAT(histogram::json_line(gappy), ContainsSubstring(R"("above":5,"left_out":7,"counts")"));
}

TEST_CASE("the plot of colours") {
  colour_histogram colours;
  colours.images = 2;
  for (std::size_t value = 0; value < 256; ++value) {
    colours.bins.at(value) = 2;
    colours.bins.at(256 + value) = 2 * (value % 2);
    colours.bins.at(512 + value) = value == 9 ? 512 : 0;
  }
  const std::string plot = histogram::plot(colours);
  CHECK_THAT(plot, ContainsSubstring("2 images, 512 pixels\n"));
  CHECK_THAT(plot, ContainsSubstring("red: mean 127.50, most often 0 (2 times)\n"));
  CHECK_THAT(plot, ContainsSubstring("green: mean 128.00, most often 1 (2 times)\n"));
  CHECK_THAT(plot, ContainsSubstring("blue: mean 9.00, most often 9 (512 times)\n"));
  CHECK_THAT(plot, ContainsSubstring("     512 |  █                                         "));
}

TEST_CASE("JSON") {
  CHECK(histogram::json_line(weights()) ==
        R"({"column":"weight <\"kg\">","low":0,"high":1,"below":0,"above":5,"counts":[1,0,8,2]})"
        "\n");
  colour_histogram colours;
  colours.images = 1;
  colours.bins.at(256) = 3;
  const std::string line = histogram::json_line(colours);
  CHECK_THAT(line, ContainsSubstring(R"({"images":1,"pixels":0,"red":[0,0,)"));
  CHECK_THAT(line, ContainsSubstring(R"(],"green":[3,0,)"));
  CHECK(std::count(line.begin(), line.end(), ',') == 2 + 3 * 256 - 1);
}

TEST_CASE("drawings") {
  const std::string drawing = histogram::drawing(weights());
  CHECK_THAT(drawing, ContainsSubstring(">weight &lt;\"kg\"&gt;: 16 numbers, 5 above 1</text>"));
  // Of 8 the largest reaches the top, 44; the axis is at 366.
  CHECK_THAT(
      drawing,
      ContainsSubstring("M70.00 366.00V325.75H247.50V366.00H425.00V44.00H602.50V285.50H780.00"));
  const std::string colours = histogram::drawing(colour_histogram{});
  for (const char* name : {">red<", ">green<", ">blue<"}) {
    CHECK_THAT(colours, ContainsSubstring(name));
  }
}

TEST_CASE("numbers beside an axis are short") {
  CHECK(histogram::short_number(999) == "999");
  CHECK(histogram::short_number(1'500'000) == "1.5M");
  CHECK(histogram::short_number(2e15) == "2000T");
}
