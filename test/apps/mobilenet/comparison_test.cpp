// SPDX-License-Identifier: MIT
#include "mobilenet/commands/comparison.hpp"

#include "catch.hpp"
#include "mobilenet/commands/comparison_chart.hpp"

#include <cstddef>
#include <string>

using Catch::Matchers::Contains;
using Catch::Matchers::Equals;
using mobilenet::comparison;

namespace {

comparison some_rows() {
  return {{"one rank", "", 1, 1, 100, 110, 0.01, 0.02, 20'000'000, 20'000'000},
          {"by <hand>", "needs 5 ranks"},
          {"planned", "", 2, 2, 190, 200, 0.015, 0.03, 11'000'000, 21'500'000}};
}

std::size_t count(const std::string& text, const std::string& what) {
  std::size_t n = 0;
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++n;
  return n;
}

}  // namespace

TEST_CASE("a comparison as a table") {
  CHECK_THAT(
      comparison_text(some_rows()),
      Equals(
          "mode      stages ranks images/s expected speed-up  p50, ms  p95, ms MB on a rank  MB "
          "in all\n"
          "one rank       1     1    100.0    110.0     1.00     10.0     20.0         20.0       "
          "20.0\n"
          "by <hand> left out: needs 5 ranks\n"
          "planned        2     2    190.0    200.0     1.90     15.0     30.0         11.0       "
          "21.5\n"));
}

TEST_CASE("a comparison as lines of JSON") {
  const std::string text = comparison_json(some_rows());
  CHECK(count(text, "\n") == 3);
  CHECK_THAT(text,
             Contains(R"({"mode":"by <hand>","missing":"needs 5 ranks"})") &&
                 Contains(R"("speed_up":1.9000,"p50_ms":15.000)"));
}

TEST_CASE("a comparison as a chart") {
  const std::string text = comparison_chart(some_rows(), "m & m");
  CHECK_THAT(text, Contains("<title>m &amp; m</title>") && Contains("by &lt;hand&gt;"));
  // A background, three bars of the rates, and two each of latency and memory.
  CHECK(count(text, "<rect ") == 1 + 3 + 2 + 2);
  CHECK_THAT(text, Contains("190 (1.90 x)"));
  CHECK(text.find("nan") == std::string::npos);
}
