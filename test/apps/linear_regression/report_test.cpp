// SPDX-License-Identifier: MIT
#include "linear_regression/report.hpp"

#include "catch.hpp"

#include <optional>

using linear_regression::line_fit;

TEST_CASE("the table of a line") {
  const line_fit fit{.n = 7,
                     .slope = 0.1 + 0.2,
                     .intercept = -1.5,
                     .r2 = 0.25,
                     .slope_error = 1e-7,
                     .intercept_error = 12};
  CHECK(linear_regression::table(fit) ==
        "7 points: y = 0.3 x - 1.5\n"
        "                           estimate            standard error\n"
        "slope           0.30000000000000004                     1e-07\n"
        "intercept                      -1.5                        12\n"
        "r2                             0.25\n");
  CHECK(linear_regression::json_line(fit) ==
        R"({"n":7,"slope":0.30000000000000004,"intercept":-1.5,"r2":0.25,)"
        R"("slope_error":1e-07,"intercept_error":12})"
        "\n");
}

TEST_CASE("rows that were left out are told where they may be") {
  line_fit fit{.n = 7, .slope = 2, .r2 = 1};
  fit.left_out = 3;
  CHECK(linear_regression::table(fit).starts_with("7 points (3 rows left out): y = 2 x + 0\n"));
  CHECK(linear_regression::json_line(fit) ==
        R"({"n":7,"slope":2,"intercept":0,"r2":1,"slope_error":0,"intercept_error":0,"left_out":3})"
        "\n");
}

TEST_CASE("a constant y has no r2") {
  const line_fit fit{.n = 3, .intercept = 7};
  CHECK(linear_regression::table(fit) ==
        "3 points: y = 0 x + 7\n"
        "                           estimate            standard error\n"
        "slope                             0                         0\n"
        "intercept                         7                         0\n"
        "r2                - (y is constant)\n");
  CHECK(linear_regression::json_line(fit) ==
        R"({"n":3,"slope":0,"intercept":7,"r2":null,"slope_error":0,"intercept_error":0})"
        "\n");
}
