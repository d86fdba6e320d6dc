// SPDX-License-Identifier: MIT
#include "rankrun/command.hpp"

#include "catch.hpp"
#include "rankrun/threads.hpp"

#include <string>
#include <vector>

using Catch::Matchers::ContainsSubstring;
using namespace rankwise::launcher;

namespace {

/// A command on hosts of that file, of which those named in `local` are this machine, with 2 cores.
struct scene {
  std::vector<std::string> words;
  std::string hosts = "localhost slots=2\n";
  std::string local = "localhost";
  surroundings around{"mpirun", mpi_flavor::open_mpi_4, {}, 2, {}, false};

  std::string line() const {
    host_list list = parse_hostfile(hosts, "hosts");
    for (host& entry : list.hosts) entry.is_local = entry.name == local;
    return shell_line(make_command(parse_options(words), list, around));
  }
};

constexpr auto version_4 = "mpirun (Open MPI) 4.1.4\n\nReport bugs to ...\n";

}  // namespace

TEST_CASE("the MPI is recognised by what it says of its version") {
  CHECK(recognise_mpi(version_4, "mpirun") == mpi_flavor::open_mpi_4);
  CHECK(recognise_mpi("mpirun.openmpi (OpenRTE) 4.1.4\n", "mpirun") == mpi_flavor::open_mpi_4);
  CHECK(recognise_mpi("mpiexec (Open MPI) 3.1.3\n", "mpirun") == mpi_flavor::open_mpi_4);
  CHECK(recognise_mpi("mpirun (Open MPI) 5.0.7\n", "mpirun") == mpi_flavor::open_mpi_5);
  CHECK(recognise_mpi("HYDRA build details:\n    Version:   4.0.2\n", "mpirun") ==
        mpi_flavor::mpich);
  CHECK_THROWS_WITH(
      recognise_mpi("srun 22.05\nmore\n", "/x/mpirun"),
      R"(/x/mpirun --version: found "srun 22.05", accepted: Open MPI's or MPICH's mpirun)");
  CHECK_THROWS_WITH(recognise_mpi("", "m"), ContainsSubstring(R"(found "",)"));
}

TEST_CASE("Open MPI 4: unbound, and without ssh on one machine") {
  CHECK(scene{{"-n", "2", "app", "a b"}}.line() ==
        "mpirun --host localhost:2 -n 2 --bind-to none --mca plm isolated app 'a b'");
  CHECK(scene{{"--tag-output", "app"}}.line() ==
        "mpirun --host localhost:2 -n 2 --bind-to none --mca plm isolated --tag-output app");
}

TEST_CASE("this machine goes by the name that needs no resolver") {
  scene under_test{{"app"}, "me slots=2\n", "me"};
  CHECK(under_test.line() ==
        "mpirun --host localhost:2 -n 2 --bind-to none --mca plm isolated app");
  under_test.around.flavor = mpi_flavor::mpich;
  CHECK(under_test.line() == "mpirun -hosts localhost:2 -n 2 app");
}

TEST_CASE("other hosts go by their names, in the file's order, one rank a slot") {
  scene under_test{{"app"}, "pi2 slots=4\nlocalhost\npi1 slots=2\n"};
  CHECK(under_test.line() == "mpirun --host pi2:4,localhost:1,pi1:2 -n 7 --bind-to none app");
  under_test.around.flavor = mpi_flavor::mpich;
  CHECK(under_test.line() == "mpirun -hosts pi2:4,localhost:1,pi1:2 -n 7 app");
}

TEST_CASE("Open MPI 5: its own names of the same things") {
  scene under_test{{"--oversubscribe", "--tag-output", "-n", "4", "app"}};
  under_test.around.flavor = mpi_flavor::open_mpi_5;
  CHECK(under_test.line() ==
        "mpirun --host localhost:2 -n 4 --bind-to none --map-by :OVERSUBSCRIBE "
        "--mca mpi_yield_when_idle 1 --output tag app");
}

TEST_CASE("MPICH: tags its own way, passes the environment on by itself") {
  scene under_test{{"--tag-output", "--oversubscribe", "-n", "4", "app"}};
  under_test.around.flavor = mpi_flavor::mpich;
  under_test.around.environment = {{"RANKWISE_SEED", "3"}};
  under_test.around.is_root = true;
  CHECK(under_test.line() == "mpirun -hosts localhost:2 -n 4 -prepend-rank app");
}

TEST_CASE("ranks that share cores yield") {
  CHECK_THAT((scene{{"-n", "8", "--oversubscribe", "app"}}.line()),
             ContainsSubstring(" --oversubscribe --mca mpi_yield_when_idle 1 "));
  const std::string slots_8 = "localhost slots=8\n";
  CHECK_THAT((scene{{"app"}, slots_8}.line()), ContainsSubstring("mpi_yield_when_idle 1"));
  CHECK_THAT((scene{{"-n", "2", "app"}, slots_8}.line()), !ContainsSubstring("yield"));
  // Slots fill host by host: three of the five ranks are here.
  const std::string two_hosts = "pi slots=2\nlocalhost slots=8\n";
  CHECK_THAT((scene{{"-n", "5", "app"}, two_hosts}.line()), ContainsSubstring("yield"));
  CHECK_THAT((scene{{"-n", "4", "app"}, two_hosts}.line()), !ContainsSubstring("yield"));
}

TEST_CASE("the user's own settings stand") {
  CHECK(scene{{"--bind-to", "core", "--mca", "plm", "rsh", "app"}}.line() ==
        "mpirun --host localhost:2 -n 2 --bind-to core --mca plm rsh app");
  scene by_variable{{"-n", "4", "--oversubscribe", "app"}};
  by_variable.around.environment = {{"OMPI_MCA_mpi_yield_when_idle", "0"},
                                    {"OMPI_MCA_plm", "rsh"},
                                    {"OMPI_MCA_hwloc_base_binding_policy", "core"}};
  CHECK(by_variable.line() == "mpirun --host localhost:2 -n 4 --oversubscribe app");
}

TEST_CASE("RANKWISE_ variables reach the ranks, and the terminal's width") {
  scene under_test{{"-x", "RANKWISE_CHUNK=7", "app"}};
  under_test.around.environment = {
      {"RANKWISE_CHUNK", "3"}, {"RANKWISE_SEED", "3"}, {"HOME", "/root"}};
  under_test.around.terminal_columns = 120;
  CHECK(under_test.line() ==
        "RANKWISE_TERMINAL=120 mpirun --host localhost:2 -n 2 --bind-to none --mca plm isolated "
        "-x RANKWISE_SEED -x RANKWISE_TERMINAL -x RANKWISE_CHUNK=7 app");
}

TEST_CASE("root runs where someone has decided so") {
  scene under_test{{"app"}};
  under_test.around.is_root = true;
  constexpr auto refusal =
      "found the user root, whom Open MPI refuses unless told, accepted: another user, "
      "--allow-run-as-root, or OMPI_ALLOW_RUN_AS_ROOT=1 and OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 in "
      "the environment";
  CHECK_THROWS_WITH(under_test.line(), refusal);
  under_test.around.environment = {{"OMPI_ALLOW_RUN_AS_ROOT", "1"}};
  CHECK_THROWS_WITH(under_test.line(), refusal);
  under_test.around.environment["OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"] = "1";
  CHECK_THAT(under_test.line(), ContainsSubstring(" --allow-run-as-root "));
  under_test.around.environment = {};
  under_test.words = {"--allow-run-as-root", "app"};
  CHECK_THAT(under_test.line(), ContainsSubstring(" --allow-run-as-root "));

  under_test.words = {"app"};
  under_test.around.environment = {{"PRTE_ALLOW_RUN_AS_ROOT", "1"},
                                   {"PRTE_ALLOW_RUN_AS_ROOT_CONFIRM", "1"}};
  CHECK_THROWS_WITH(under_test.line(), refusal);
  under_test.around.flavor = mpi_flavor::open_mpi_5;
  CHECK_THAT(under_test.line(), ContainsSubstring(" --allow-run-as-root "));
}

TEST_CASE("more ranks than slots are refused") {
  CHECK_THROWS_WITH((scene{{"-n", "3", "app"}}.line()),
                    "hosts: found 3 ranks (-n) for 2 slots, accepted: -n up to 2, more slots, or "
                    "--oversubscribe to let ranks share cores");
  const scene limited{{"-n", "5", "--oversubscribe", "app"},
                      "a slots=1 max_slots=2\nb max_slots=2"};
  CHECK_THROWS_WITH(limited.line(),
                    "hosts: found 5 ranks (-n) for max_slots of 4, accepted: -n up to 4");
}

TEST_CASE("words are quoted as a shell reads them back") {
  CHECK(shell_quoted("a-b_c.d/e:f,g=h") == "a-b_c.d/e:f,g=h");
  CHECK(shell_quoted("") == "''");
  CHECK(shell_quoted("a b") == "'a b'");
  CHECK(shell_quoted("it's") == R"('it'\''s')");
  CHECK(shell_quoted("$HOME") == "'$HOME'");
  CHECK(shell_quoted("~") == "'~'");
}

TEST_CASE(
    "no variable is brought to other hosts but those that set options and what rankrun says") {
  scene under_test{{"app"}};
  under_test.around.environment = {{"RANKWISE_SEED", "3"},
                                   {"RANKWISE_PASSPHRASE", "secret"},
                                   {"RANKWISE_SSH", "ssh -i key"},
                                   {"RANKWISE_TEST_MODELS", "here"},
                                   {"RANKWISE_TOKEN", "secret"},
                                   {"OTHER", "value"}};
  under_test.around.terminal_columns = 80;
  under_test.around.launcher_token = "token";
  host_list list = parse_hostfile(under_test.hosts, "hosts");
  const command made = make_command(parse_options(under_test.words), list, under_test.around);
  std::vector<std::string> exported;
  for (std::size_t i = 0; i + 1 < made.argv.size(); ++i) {
    if (made.argv[i] == "-x") exported.push_back(made.argv[i + 1]);
  }
  CHECK(exported ==
        std::vector<std::string>{"RANKWISE_LAUNCHER", "RANKWISE_SEED", "RANKWISE_TERMINAL"});
}

TEST_CASE("what a job does not inherit: another job's variables, and a passphrase") {
  CHECK(variables_to_leave_out({{"OMPI_MCA_plm", "rsh"},
                                {"PATH", "/bin"},
                                {"PMIX_MCA_gds", "hash"},
                                {"RANKWISE_RESUME", "1"},
                                {"RANKWISE_PASSPHRASE", "secret"}}) ==
        std::vector<std::string>{"RANKWISE_PASSPHRASE"});
  CHECK(variables_to_leave_out({{"OMPI_COMM_WORLD_RANK", "0"},
                                {"OMPI_MCA_orte_hnp_uri", "here"},
                                {"OMPI_MCA_plm", "isolated"},
                                {"OMPI_UNIVERSE_SIZE", "2"},
                                {"PMIX_RANK", "0"},
                                {"RANKWISE_LAUNCHER", "token"}}) ==
        std::vector<std::string>{"OMPI_MCA_orte_hnp_uri",
                                 "OMPI_MCA_plm",
                                 "OMPI_UNIVERSE_SIZE",
                                 "PMIX_RANK",
                                 "RANKWISE_LAUNCHER"});
}

TEST_CASE("inside Slurm the hosts that are named count") {
  scene under_test{{"app"}};
  under_test.around.environment = {{"SLURM_JOB_ID", "42"}};
  CHECK(under_test.line() ==
        "mpirun --host localhost:2 -n 2 --bind-to none --mca ras ^slurm --mca plm isolated app");
}

TEST_CASE("who gets standard input") {
  CHECK(scene{{"--stdin", "none", "app"}}.line() ==
        "mpirun --host localhost:2 -n 2 --stdin none --bind-to none --mca plm isolated app");
  scene under_test{{"--stdin=none", "app"}};
  under_test.around.flavor = mpi_flavor::mpich;
  CHECK(under_test.line() == "mpirun -hosts localhost:2 -n 2 app");
  under_test.words = {"--stdin", "1", "app"};
  CHECK(under_test.line() == "mpirun -hosts localhost:2 -n 2 -stdin 1 app");
}

TEST_CASE("--threads: a rank takes so many slots, and OpenMP learns of it on all hosts") {
  const host_list all = parse_hostfile("a slots=9 max_slots=20\nb slots=4\nc\n", "hosts");
  const host_list shared = with_threads(all, 4);
  CHECK(shared.hosts[0].slots == 2);
  CHECK(shared.hosts[0].max_slots == 5);
  CHECK(shared.hosts[1].slots == 1);
  CHECK(shared.hosts[2].slots == 1);
  CHECK(with_threads(all, 1).total_slots() == 14);
  CHECK(short_of_slots(all, 4) ==
        "--threads 4: found more threads than slots on c (slots=1): they share cores");
  CHECK(short_of_slots(all, 1).empty());
  CHECK(scene{{"--threads", "2", "-n", "1", "app"}}.line() ==
        "OMP_NUM_THREADS=2 RANKWISE_THREADS=2 mpirun --host localhost:2 -n 1 --bind-to none "
        "--mca plm isolated -x RANKWISE_THREADS -x OMP_NUM_THREADS app");
  // The user's own word stands; threads that share cores yield.
  const scene own{{"--threads=3", "-x", "OMP_NUM_THREADS=1", "-n", "1", "app"}};
  CHECK_THAT(own.line(), ContainsSubstring("mpi_yield_when_idle 1"));
  CHECK_THAT(own.line(), !ContainsSubstring("-x OMP_NUM_THREADS app"));
  scene under_mpich{{"--threads", "2", "-n", "1", "app"}};
  under_mpich.around.flavor = mpi_flavor::mpich;
  CHECK(under_mpich.line() ==
        "OMP_NUM_THREADS=2 RANKWISE_THREADS=2 mpirun -hosts localhost:2 -n 1 app");
  for (const char* const bad : {"0", "-1", "two"}) {
    CHECK_THROWS_WITH(
        parse_options({"--threads", bad, "app"}),
        ContainsSubstring(std::string("--threads: found \"") + bad + "\", accepted: "));
  }
}

TEST_CASE("threads are those of the option, else of RANKWISE_THREADS, else of the host file") {
  const host_list plain = parse_hostfile("a slots=8\n", "hosts");
  const host_list fours = parse_hostfile("# threads=4\na slots=2 max_slots=5\nb\n", "hosts");
  const options none = parse_options({"app"});
  CHECK_FALSE(n_threads_of(none, {}, plain));
  CHECK(n_threads_of(none, {}, fours) == 4);
  CHECK(n_threads_of(none, {{"RANKWISE_THREADS", "2"}}, fours) == 2);
  CHECK(n_threads_of(parse_options({"--threads=8", "app"}), {{"RANKWISE_THREADS", "2"}}, fours) ==
        8);
  CHECK_THROWS_WITH(n_threads_of(none, {{"RANKWISE_THREADS", "x"}}, plain),
                    "RANKWISE_THREADS: found \"x\", accepted: a whole number from 1 to 1000000");
  // A slot of that file is four cores: no rank is taken from it for its own threads.
  CHECK(with_threads(fours, 4).total_slots() == 3);
  CHECK(with_threads(fours, 4).hosts[0].max_slots == 5);
  CHECK(with_threads(fours, 2).total_slots() == 6);
  CHECK(with_threads(fours, 8).total_slots() == 2);
  CHECK(short_of_slots(fours, 4).empty());
}

TEST_CASE("--threads: what is done is said in a line") {
  const host_list hosts = parse_hostfile("a slots=2\nb\n", "hosts");
  surroundings around;
  CHECK(threads_text(parse_options({"--threads", "4", "app"}), hosts, around) ==
        "4 threads a rank: room for 3 ranks, OMP_NUM_THREADS=4, not bound to cores");
  CHECK(threads_text(parse_options({"--threads=4", "--bind-to", "core", "app"}), hosts, around) ==
        "4 threads a rank: room for 3 ranks, OMP_NUM_THREADS=4, cores as you bind them");
}
