// SPDX-License-Identifier: MIT
// Where a job is tried again.
#include "rankrun/restart.hpp"

#include "catch.hpp"

#include <string>
#include <vector>

using namespace rankwise::launcher;
using namespace std::chrono_literals;

namespace {

layout on(std::vector<host> hosts, int n_ranks) {
  return {{"hosts", std::move(hosts)}, n_ranks};
}

host named(const std::string& name, int slots) {
  host made;
  made.name = name;
  made.slots = slots;
  return made;
}

}  // namespace

TEST_CASE("ranks fill the slots host by host") {
  const layout before = on({named("a", 2), named("b", 1), named("c", 4)}, 5);
  CHECK(hosts_of_ranks(before) == std::vector<std::string>{"a", "a", "b", "c", "c"});
  CHECK(hosts_of_ranks(on({named("a", 1)}, 3)) == std::vector<std::string>{"a"});
}

TEST_CASE("missing ranks take their slots along") {
  const layout after =
      without(on({named("a", 2), named("b", 1), named("c", 4)}, 7), {1, 2, 6}, {"a", "b", "c"});
  REQUIRE(after.hosts.hosts.size() == 2);
  CHECK(after.hosts.hosts[0].name == "a");
  CHECK(after.hosts.hosts[0].slots == 1);
  CHECK(after.hosts.hosts[1].slots == 3);
  CHECK(after.n_ranks == 4);
  // Of ranks beyond the slots nobody knows where they are.
  const layout over = without(on({named("a", 1)}, 4), {3}, {"a"});
  CHECK(over.hosts.total_slots() == 1);
  CHECK(over.n_ranks == 3);
  // There was room for them elsewhere.
  CHECK(without(on({named("a", 4), named("b", 4)}, 4), {0, 1, 2, 3}, {"b"}).n_ranks == 4);
}

TEST_CASE("hosts that do not answer are left out") {
  const layout before = on({named("a", 2), named("b", 2), named("c", 2)}, 6);
  const layout after = without(before, {}, {"a", "c"});
  CHECK(after.hosts.total_slots() == 4);
  CHECK(after.n_ranks == 4);
  CHECK(names_gone(before.hosts, after.hosts) == "b");
  CHECK(without(on(before.hosts.hosts, 3), {}, {"a", "c"}).n_ranks == 3);  // there was room
  CHECK(without(on(before.hosts.hosts, 8), {}, {"a", "c"}).n_ranks == 6);  // shared as before
  CHECK(without(before, {}, {}).n_ranks == 0);
  CHECK(without(on(before.hosts.hosts, 8), {}, {}).n_ranks == 0);
  host limited = named("d", 2);
  limited.max_slots = 3;
  CHECK(without(on({named("a", 2), limited}, 8), {}, {"d"}).n_ranks == 3);
}

TEST_CASE("a program has a journal by its words or by a variable") {
  const auto asked = [](std::vector<std::string> words) { return parse_options(words); };
  CHECK(is_journaled(asked({"app", "--journal", "run.db"}), {}));
  CHECK(is_journaled(asked({"app", "--journal=run.db"}), {}));
  CHECK(is_journaled(asked({"app"}), {{"RANKWISE_JOURNAL", "run.db"}}));
  CHECK(is_journaled(asked({"-x", "RANKWISE_JOURNAL=run.db", "app"}), {}));
  CHECK_FALSE(is_journaled(asked({"app", "--journals"}), {{"RANKWISE_JOURNAL", ""}}));
}

TEST_CASE("pauses double up to a minute") {
  CHECK(pause_before(1) == 1s);
  CHECK(pause_before(4) == 8s);
  CHECK(pause_before(7) == 60s);
  CHECK(pause_before(1000) == 60s);
}
