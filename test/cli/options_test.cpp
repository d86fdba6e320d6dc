// SPDX-License-Identifier: MIT
#include "rankrun/options.hpp"

#include "catch.hpp"

#include <string>
#include <vector>

using namespace rankwise::launcher;
using words = std::vector<std::string>;

TEST_CASE("rankrun's own options are read, with one dash or two") {
  const options asked = parse_options({"-f",
                                       "hosts",
                                       "-n",
                                       "4",
                                       "--tag-output",
                                       "-oversubscribe",
                                       "--allow-run-as-root",
                                       "--dry-run",
                                       "-v",
                                       "--mpirun=/opt/mpirun",
                                       "app",
                                       "-n",
                                       "--",
                                       "x"});
  CHECK(asked.hostfile == "hosts");
  CHECK(asked.n_ranks == 4);
  CHECK(asked.tag_output);
  CHECK(asked.oversubscribe);
  CHECK(asked.allow_run_as_root);
  CHECK(asked.dry_run);
  CHECK(asked.verbose);
  CHECK(asked.mpirun == "/opt/mpirun");
  CHECK(asked.passed_on.empty());
  CHECK(asked.app == words{"app", "-n", "--", "x"});
}

TEST_CASE("MPI's other names of the same options are read") {
  for (const std::string name : {"-f", "--hostfile", "-hostfile", "-machinefile"}) {
    CHECK(parse_options({name, "hosts", "app"}).hostfile == "hosts");
  }
  for (const std::string name : {"-n", "--n", "-np", "--np", "-c"}) {
    CHECK(parse_options({name, "3", "app"}).n_ranks == 3);
  }
  for (const std::string name : {"-H", "--host", "-host", "-hosts"}) {
    CHECK(parse_options({name, "a:2", "app"}).hosts == "a:2");
  }
  CHECK_FALSE(parse_options({"app"}).n_ranks);
}

TEST_CASE("other options are passed on with the values that they are known to take") {
  const options asked = parse_options({"-x",
                                       "A=b c",
                                       "--mca",
                                       "btl",
                                       "self",
                                       "-wdir",
                                       "/tmp",
                                       "--display-map",
                                       "--unknown=7",
                                       "-n",
                                       "2",
                                       "app"});
  CHECK(asked.passed_on == words{"-x",
                                 "A=b c",
                                 "--mca",
                                 "btl",
                                 "self",
                                 "-wdir",
                                 "/tmp",
                                 "--display-map",
                                 "--unknown",
                                 "7"});
  CHECK(asked.n_ranks == 2);
  CHECK(asked.app == words{"app"});
  CHECK(asked.suspect.empty());
}

TEST_CASE("the word after an unknown option is suspected to be its value") {
  CHECK(parse_options({"--unknown", "7", "app"}).suspect == "--unknown");
  CHECK(parse_options({"--unknown", "7", "app"}).app == words{"7", "app"});
  CHECK(parse_options({"--unknown", "--", "app"}).suspect.empty());
  CHECK(parse_options({"--unknown", "--", "-app"}).app == words{"-app"});
  CHECK(parse_options({"--unknown", "-n", "2", "app"}).suspect.empty());
}

TEST_CASE("options that can't be used are refused") {
  for (const std::string count : {"0", "-3", "abc", "", "2.5", "1000001", "4x", " 4"}) {
    CHECK_THROWS_WITH(parse_options({"-n", count, "app"}),
                      "-n: found \"" + count + "\", accepted: a whole number from 1 to 1000000");
  }
  CHECK_THROWS_WITH(parse_options({"-n"}),
                    "-n: found nothing after it, accepted: a whole number from 1 to 1000000");
  CHECK_THROWS_WITH(parse_options({"-f"}), "-f: found nothing after it, accepted: a host file");
  CHECK_THROWS_WITH(parse_options({"--mca", "btl"}),
                    "--mca: found nothing after it, accepted: a value");
  CHECK(parse_options({"--start-timeout", "7", "app"}).start_timeout_s == 7);
  CHECK_THROWS_WITH(parse_options({"--start-timeout=0", "app"}),
                    "--start-timeout: found \"0\", accepted: whole seconds from 1 to 1000000");
  CHECK_THROWS_WITH(parse_options({"--dry-run=yes", "app"}),
                    "--dry-run: found \"yes\", accepted: no value");
}
