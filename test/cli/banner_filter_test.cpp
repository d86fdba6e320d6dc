// SPDX-License-Identifier: MIT
#include "rankrun/banner_filter.hpp"

#include "catch.hpp"

#include <string>

using rankwise::launcher::banner_filter;

namespace {

const std::string rule = std::string(74, '-') + "\n";

/// As Open MPI 4.1.4 prints them.
const std::string unwanted =
    rule +
    "Primary job  terminated normally, but 1 process returned\n"
    "a non-zero exit code. Per user-direction, the job has been aborted.\n" +
    rule + rule +
    "mpirun detected that one or more processes exited with non-zero status, thus causing\n"
    "the job to be terminated. The first process to do so was:\n\n"
    "  Process name: [[8665,1],0]\n  Exit code:    1\n" +
    rule;
const std::string wanted = rule + "There are not enough slots available in the system\n" + rule;

std::string filtered(const std::string& text, std::size_t step, bool expects_losses = false) {
  banner_filter filter;
  if (expects_losses) filter.expect_losses();
  std::string out;
  for (std::size_t at = 0; at < text.size(); at += step) out += filter.feed(text.substr(at, step));
  return out + filter.finish();
}

}  // namespace

TEST_CASE("only the banners that repeat a status go, however the text is cut") {
  const std::string text = "before\n" + unwanted + "between\n" + wanted + unwanted +
                           "-- after --\n" + rule + wanted + unwanted;
  const std::string expected = "before\nbetween\n" + wanted + "-- after --\n" + rule + wanted;
  for (std::size_t step = 1; step <= text.size(); ++step) REQUIRE(filtered(text, step) == expected);
}

TEST_CASE("what mpirun says of signals that it passes on goes") {
  const std::string text =
      "[=>  ] 3/10 itemsmpirun: Forwarding signal 20 to job\n\rmpirun: For you\n"
      "mpirun: Forwarding signal 18 to job\nafter\nmpirun: Forw";
  const std::string expected = "[=>  ] 3/10 items\rmpirun: For you\nafter\nmpirun: Forw";
  for (std::size_t step = 1; step <= text.size(); ++step) REQUIRE(filtered(text, step) == expected);
}

TEST_CASE("banners about lost ranks go once losses are expected") {
  const std::string lost = rule +
                           "ORTE was unable to reliably start one or more daemons.\nThis usually "
                           "is caused by:\n\n* x\n" +
                           rule;
  const std::string text = "before\n" + lost + wanted + "after\n";
  CHECK(filtered(text, 11) == text);
  CHECK(filtered(text, 11, true) == "before\n" + wanted + "after\n");
}

TEST_CASE("a banner goes after an unfinished line too") {
  CHECK(filtered("\r10/20 done" + unwanted, 7) == "\r10/20 done");
}

TEST_CASE("text that is no banner is not held back") {
  banner_filter filter;
  CHECK(filter.feed("\r10/20 done") == "\r10/20 done");
  CHECK(filter.feed("word\n") == "word\n");
  CHECK(filter.feed("---") == "");
  CHECK(filter.feed("> arrow") == "---> arrow");
  CHECK(filter.feed(rule) == "");
  CHECK(filter.feed(std::string(300, 'x')) == rule + std::string(300, 'x'));
}

TEST_CASE("a banner that is cut off at the end is printed") {
  const std::string cut = unwanted.substr(0, 100);
  CHECK(filtered(cut, 9) == cut);
}
