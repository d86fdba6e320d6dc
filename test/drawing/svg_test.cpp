// SPDX-License-Identifier: MIT
#include "drawing/svg.hpp"

#include "catch.hpp"
#include "drawing/axis.hpp"

#include <string>
#include <vector>

TEST_CASE("axes are marked with round numbers") {
  using numbers = std::vector<double>;
  CHECK(drawing::round_numbers(0, 100) == numbers{0, 20, 40, 60, 80, 100});
  CHECK(drawing::round_numbers(-3, 1.5) == numbers{-3, -2, -1, 0, 1});
  CHECK(drawing::round_numbers(0, 1) == numbers{0, 0.2, 0.4, 3 * 0.2, 0.8, 1});
  CHECK(drawing::round_numbers(1e16, 1e16 + 2).size() <= 6);
}

TEST_CASE("numbers have their place along an axis, in either direction") {
  const drawing::axis upwards{.low = -1, .high = 3, .place_of_low = 366, .place_of_high = 46};
  CHECK(upwards.place(-1) == 366);
  CHECK(upwards.place(0) == 286);
  CHECK(upwards.place(3) == 46);
  CHECK(upwards.round_numbers() == drawing::round_numbers(-1, 3));
}

TEST_CASE("a drawing is an SVG file with its elements in order") {
  drawing::svg drawn(80, 42, "bits & \x01pieces");
  drawn.text({8.5, 1e-3}, "a < b");
  drawn.text(
      {1.0 / 3, 2},
      "b",
      {.at = drawing::text_style::anchor::end, .colour = "#666", .size = 17, .is_bold = true});
  drawn.line({1, 2}, {3, 4}, "#ddd", 2);
  drawn.rectangle({1, 2}, 3, 4.25, "red");
  drawn.area("M0 0H1V1Z", "blue");
  CHECK(
      drawn.file() ==
      R"(<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 80 42" width="80" height="42" )"
      R"(font-family="sans-serif" font-size="13" fill="#333" role="img">)"
      "\n<title>bits &amp;  pieces</title>\n"
      R"(<rect width="80" height="42" fill="white"/>)"
      "\n"
      R"(<text x="8.5" y="0.001">a &lt; b</text>)"
      "\n"
      R"(<text x="0.333333" y="2" text-anchor="end" fill="#666" font-size="17" font-weight="bold">b</text>)"
      "\n"
      R"(<line x1="1" y1="2" x2="3" y2="4" stroke="#ddd" stroke-width="2"/>)"
      "\n"
      R"(<rect x="1" y="2" width="3" height="4.25" fill="red"/>)"
      "\n"
      R"(<path d="M0 0H1V1Z" fill="blue" fill-opacity="0.25" stroke="blue" stroke-width="1.2"/>)"
      "\n</svg>\n");
}
