// SPDX-License-Identifier: MIT
#include "rankrun/hostfile.hpp"

#include "catch.hpp"
#include "rankrun/allocation.hpp"

#include <fmt/format.h>

#include <string>

using namespace rankwise::launcher;

namespace {

std::string refusal(const std::string& text) {
  try {
    parse_hostfile(text, "hosts");
  } catch (const rankwise::config_error& error) {
    return error.what();
  }
  return "accepted";
}

const std::string accepted =
    R"(, accepted: "name", "name slots=N [max_slots=M]" (Open MPI) or "name:N" (MPICH), N from 1)";

}  // namespace

TEST_CASE("Open MPI's format is read") {
  const host_list list = parse_hostfile(
      "# a comment\n\npi001 slots=4\n\tpi002.lab  slots=2 max_slots=6 # trailing\r\npi003 "
      "max-slots=2",
      "hosts");
  REQUIRE(list.hosts.size() == 3);
  CHECK(list.hosts[0].name == "pi001");
  CHECK(list.hosts[0].slots == 4);
  CHECK_FALSE(list.hosts[0].max_slots);
  CHECK(list.hosts[0].line == 3);
  CHECK(list.hosts[1].name == "pi002.lab");
  CHECK(list.hosts[1].slots == 2);
  CHECK(list.hosts[1].max_slots == 6);
  CHECK(list.hosts[1].line == 4);
  CHECK(list.hosts[2].slots == 1);
  CHECK(list.hosts[2].max_slots == 2);
  CHECK(list.total_slots() == 7);
  CHECK(list.source == "hosts");
}

TEST_CASE("MPICH's format is read") {
  const host_list list = parse_hostfile("pi001:4\npi002:02\npi003\n", "hosts");
  REQUIRE(list.hosts.size() == 3);
  CHECK(list.hosts[0].slots == 4);
  CHECK(list.hosts[1].slots == 2);
  CHECK(list.hosts[2].slots == 1);
}

TEST_CASE("names that come again add up, in the order of the first") {
  const host_list list = parse_hostfile(
      "b slots=2 max_slots=3\na\nb max_slots=4\na slots=3 max_slots=9\na\n", "hosts");
  REQUIRE(list.hosts.size() == 2);
  CHECK(list.hosts[0].name == "b");
  CHECK(list.hosts[0].slots == 3);
  CHECK(list.hosts[0].max_slots == 7);
  CHECK(list.hosts[0].line == 1);
  CHECK(list.hosts[1].name == "a");
  CHECK(list.hosts[1].slots == 5);
  CHECK_FALSE(list.hosts[1].max_slots);
}

TEST_CASE("a bad line is refused by its number, and with what is accepted") {
  for (const std::string line : {"pi slots=0",
                                 "pi slots=-1",
                                 "pi slots=",
                                 "pi slots",
                                 "pi slots=2x",
                                 "pi slots=1000001",
                                 "pi slots=99999999999999999999",
                                 "pi slots = 2",
                                 "pi slots=2 slots=2",
                                 "pi slots=4 max_slots=2",
                                 "pi cores=2",
                                 "pi pi2",
                                 "pi:0",
                                 "pi:",
                                 "pi:2:3",
                                 "pi:2 slots=2",
                                 ":2",
                                 "user@pi slots=2",
                                 "-oProxyCommand=x",
                                 "::1",
                                 "p\xc3\xaf",
                                 "pi,pi2"}) {
    CHECK(refusal("localhost\n\n" + line + "\n") ==
          fmt::format("hosts:3: found \"{}\"{}", line, accepted));
  }
}

TEST_CASE("a file of two formats is refused") {
  CHECK(refusal("a slots=2\nb:2\n") ==
        R"(hosts:2: found "b:2" after lines in Open MPI's format, accepted: one format in a file)");
  CHECK(
      refusal("a:2\nc\nb slots=2") ==
      R"(hosts:3: found "b slots=2" after lines in MPICH's format, accepted: one format in a file)");
}

TEST_CASE("a file without a slot is refused") {
  for (const std::string text : {"", "\n", "# pi001 slots=4   # no answer in 5 s\n"}) {
    CHECK(refusal(text) == "hosts: no slots: found no host" + accepted);
  }
}

TEST_CASE("slots do not add up to more than can be counted") {
  CHECK(refusal("a slots=999999\nb\nb\n") ==
        "hosts:3: found more than 1000000 slots in all, accepted: up to that");
}

TEST_CASE("hosts on the command line are read") {
  const host_list list = parse_host_option("a,b:2,a");
  REQUIRE(list.hosts.size() == 2);
  CHECK(list.hosts[0].name == "a");
  CHECK(list.hosts[0].slots == 2);
  CHECK(list.hosts[1].slots == 2);
  for (const std::string value : {"", "a,", ",a", " ,a", "a:0", "a:x", "a slots=2"}) {
    CHECK_THROWS_WITH(
        parse_host_option(value),
        "--host: found \"" + value + R"(", accepted: names with slots, as in "a:2,b:4")");
  }
}

TEST_CASE("a byte-order mark is no part of a host's name") {
  const rankwise::launcher::host_list list =
      rankwise::launcher::parse_hostfile("\xef\xbb\xbfpi001 slots=2\r\npi002\r\n", "hosts");
  CHECK(list.hosts.front().name == "pi001");
  CHECK(list.total_slots() == 3);
}

TEST_CASE("Slurm's allocation, as its variables say") {
  using rankwise::launcher::slurm_allocation;
  const auto allocated = [](const std::string& nodes, const std::string& tasks) {
    const auto list = slurm_allocation(
        {{"SLURM_JOB_ID", "42"}, {"SLURM_JOB_NODELIST", nodes}, {"SLURM_TASKS_PER_NODE", tasks}});
    std::string text;
    for (const rankwise::launcher::host& entry : list->hosts)
      text += fmt::format("{}:{} ", entry.name, entry.slots);
    return text;
  };
  CHECK(allocated("pi", "3") == "pi:3 ");
  CHECK(allocated("pi[08-10,12],x5", "2(x3),1(x2)") == "pi08:2 pi09:2 pi10:2 pi12:1 x5:1 ");
  CHECK(allocated("r[1-2]n[01-02].lab", "4(x4)") ==
        "r1n01.lab:4 r1n02.lab:4 r2n01.lab:4 r2n02.lab:4 ");
  CHECK_FALSE(slurm_allocation({{"SLURM_JOB_ID", "42"}}));
  CHECK_FALSE(slurm_allocation({{"SLURM_NODELIST", "pi"}, {"SLURM_TASKS_PER_NODE", "1"}}));
  for (const char* const nodes : {"", "pi[", "pi[2-1]", "pi[1-]", "-pi", "pi[1-9999999]", "pi 1"})
    CHECK_THROWS_AS(allocated(nodes, "1"), rankwise::config_error);
  for (const char* const tasks : {"", "0", "2(x2)", "1(x", "1(x0)", "one"})
    CHECK_THROWS_AS(allocated("pi", tasks), rankwise::config_error);
  CHECK_THROWS_WITH(
      allocated("pi[1-2]", "1"),
      R"(SLURM_TASKS_PER_NODE: found "1", accepted: tasks for each node, as in 2(x3),1, or -f with a host file)");
}
