// SPDX-License-Identifier: MIT
#include "rankrun/launcher_filter.hpp"

#include "catch.hpp"
#include "rankrun/job_signs.hpp"

#include <chrono>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using rankwise::launcher::job_signs;
using rankwise::launcher::launcher_filter;

namespace {

struct filtered {
  std::string shown;
  std::vector<std::string> told;
};

filtered feed(const std::string& text, std::size_t step) {
  filtered result;
  launcher_filter filter("token", [&](std::string_view words) { result.told.emplace_back(words); });
  for (std::size_t at = 0; at < text.size(); at += step)
    result.shown += filter.feed(text.substr(at, step));
  result.shown += filter.finish();
  return result;
}

}  // namespace

TEST_CASE("what ranks tell is taken out, however the text is cut, and nothing else") {
  const std::string text =
      "[====>  ] 3 items\n"
      "\x1etoken starting 1 pi002\n"
      "[1,0]<stderr>:\x1etoken joined 4\n"
      "[1,0]<stderr>:a tagged line\n"
      "[pi001:17638] PMIX ERROR: BAD-PARAM in file ../event/pmix_event_notification.c at line "
      "1033\n"
      "[pi001:17638] PMIX ERROR: OUT-OF-RESOURCE in file server.c at line 1\n"
      "[pi001:17638] *** Process received signal ***\n"
      "\x1eother joined 4\n"
      "half a line\x1etoken outcome 3\n"
      "the rest\n"
      "no end";
  const std::string expected =
      "[====>  ] 3 items\n"
      "[1,0]<stderr>:a tagged line\n"
      "[pi001:17638] PMIX ERROR: OUT-OF-RESOURCE in file server.c at line 1\n"
      "[pi001:17638] *** Process received signal ***\n"
      "\x1eother joined 4\n"
      "half a linethe rest\n"
      "no end";
  for (std::size_t step = 1; step <= text.size(); ++step) {
    const filtered result = feed(text, step);
    CAPTURE(step);
    REQUIRE(result.shown == expected);
    REQUIRE(result.told == std::vector<std::string>{"starting 1 pi002", "joined 4", "outcome 3"});
  }
}

TEST_CASE("a line is shown at once, also before its end") {
  launcher_filter filter("token", [](std::string_view) {});
  CHECK(filter.feed("Passphrase: ") == "Passphrase: ");
}

TEST_CASE("what ranks have told") {
  job_signs signs;
  const job_signs::time begun{};
  CHECK_FALSE(signs.has_joined());
  signs.hear("70 starting 0 pi001", begun + 1s);
  signs.hear("72 starting 2 pi002", begun + 9s);
  const std::vector<int> missing = signs.missing(3, begun + 10s);
  CHECK(missing == std::vector<int>{0, 1});
  CHECK(signs.describe(missing, {"pi001", "pi002"}) ==
        "rank 0 on pi001 (started, then silent), rank 1 on pi002 (never started)");
  CHECK(signs.describe({1}, {}) == "rank 1 (never started)");
  signs.hear("70 joined 3", begun + 11s);
  CHECK(signs.has_joined());
  CHECK_FALSE(signs.wants_input());
  signs.hear("70 input", begun + 11s);
  CHECK(signs.wants_input());
  for (const char* const nonsense : {"",
                                     "70",
                                     "70 ",
                                     "outcome 0",
                                     "-70 outcome 0",
                                     "70 outcome",
                                     "70 outcome -1",
                                     "70 outcome 256",
                                     "70 outcome 1 2"}) {
    signs.hear(nonsense, begun + 12s);
    CHECK_FALSE(signs.outcome());
  }
  signs.hear("70 termination-notice rankwise: ended by SIGTERM during pool::map", begun + 12s);
  CHECK(signs.termination_notice() == "rankwise: ended by SIGTERM during pool::map");
  signs.hear("70 outcome 0", begun + 12s);
  CHECK(signs.outcome() == 0);
}

TEST_CASE("ranks that run, of which none waits for others, are busy elsewhere") {
  job_signs signs;
  const job_signs::time begun{};
  CHECK_FALSE(signs.is_busy_elsewhere());
  signs.hear("70 present", begun);
  signs.hear("71 present", begun);
  CHECK(signs.is_busy_elsewhere());
  signs.hear("71 starting 1 pi001", begun + 1s);
  CHECK_FALSE(signs.is_busy_elsewhere());
}

TEST_CASE("how a job ends, its root alone says") {
  job_signs signs;
  const job_signs::time begun{};
  SECTION("not a process that the root has started") {
    signs.hear("70 starting 0 pi001", begun);
    signs.hear("70 joined 2", begun);
    for (const char* const other : {"71 outcome 0", "71 lost", "71 termination-notice none"})
      signs.hear(other, begun);
    CHECK_FALSE(signs.outcome());
    CHECK_FALSE(signs.has_lost());
    CHECK(signs.termination_notice().empty());
    signs.hear("70 outcome 1", begun);
    CHECK(signs.outcome() == 1);
  }
  SECTION("one that ends before it starts to join, unless another process starts after it") {
    signs.hear("60 outcome 2", begun);
    CHECK(signs.outcome() == 2);
    signs.hear("70 starting 0 pi001", begun);
    CHECK_FALSE(signs.outcome());
    signs.hear("70 starting 0 pi001", begun + 1s);
    signs.hear("70 outcome 0", begun + 1s);
    signs.hear("70 starting 0 pi001", begun + 1s);
    CHECK(signs.outcome() == 0);
  }
  SECTION("a run that has ended, unless its process begins another one") {
    for (const char* const words : {"70 starting 0 pi001", "70 joined 2", "70 outcome 1"})
      signs.hear(words, begun);
    signs.hear("71 starting 1 pi002", begun);
    CHECK(signs.outcome() == 1);
    signs.hear("70 starting 0 pi001", begun + 1s);
    CHECK_FALSE(signs.outcome());
    signs.hear("70 joined 2", begun + 1s);
    signs.hear("70 outcome 0", begun + 9s);
    CHECK(signs.outcome() == 0);
  }
}
