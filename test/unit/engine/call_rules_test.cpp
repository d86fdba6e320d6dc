// SPDX-License-Identifier: MIT
#include <rankwise/engine/call/call_rules.hpp>

#include "catch.hpp"

#include <string>

using rankwise::options;
using rankwise::engine::require_task_limit;

TEST_CASE("a task limit needs a rank that the root can do without") {
  options how;
  how.task_limit_s = 1;
  CHECK_NOTHROW(require_task_limit(how, 2, true));
  CHECK_THROWS_WITH(require_task_limit(how, 1, true),
                    Catch::Matchers::ContainsSubstring("found one rank"));
  how.max_ranks = 1;
  CHECK_THROWS_WITH(require_task_limit(how, 2, true),
                    Catch::Matchers::ContainsSubstring("found one rank"));
  how.max_ranks = 2;
  CHECK_THROWS_WITH(require_task_limit(how, 2, false),
                    Catch::Matchers::ContainsSubstring("rankrun has not started"));
}
