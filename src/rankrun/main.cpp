// SPDX-License-Identifier: MIT
#include "command.hpp"
#include "hostfile.hpp"
#include "job.hpp"
#include "machine.hpp"
#include "mpi_flavor.hpp"
#include "options.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <string>
#include <unistd.h>
#include <vector>

namespace {

using namespace std::string_literals;
using namespace rankwise::launcher;

constexpr const char* help_text = R"(rankrun [options] PROGRAM [ARGUMENT ...]
Starts PROGRAM on ranks under Open MPI or MPICH, and ends with its status.

  -f, --hostfile FILE    hosts: "name slots=N" (Open MPI), "name:N" (MPICH) or plain names;
                         without it: this machine
  -H, --host a:2,b:4     hosts on the command line
  -n, -np N              ranks; without it: one a slot
  --tag-output           puts the rank before each line that it prints
  --oversubscribe        allows more ranks than slots; they share cores
  --allow-run-as-root    lets Open MPI run as root
  --no-recovery          a rank that dies ends the job, also where the program could go on
  --start-timeout S      seconds after which ranks that have not joined are missing (30)
  --dry-run              prints the real command and ends
  --mpirun PATH          the real mpirun; without it: the first on the PATH
  -v, --verbose          prints the real command, and keeps mpirun's own banners
  -h, --help, -V, --version

Any other option before PROGRAM is passed on to the real mpirun; write --option=value where it takes
a value (not needed for the usual ones: -x NAME, --mca KEY VALUE, --map-by HOW, -wdir FOLDER ...).
The status is the program's own; 128 + signal where a signal ended it; 2 for input that can't be used.
)";

host_list hosts_of(const options& asked) {
  if (asked.hostfile && asked.hosts) {
    throw rankwise::config_error("-f: found --host as well, accepted: one of the two");
  }
  if (asked.hostfile) return parse_hostfile(read_hostfile(*asked.hostfile), *asked.hostfile);
  if (asked.hosts) return parse_host_option(*asked.hosts);
  host here;
  here.name = "localhost";
  here.slots = count_cores();
  return {"this machine", {here}};
}

void print_version(const options& asked) {
  fmt::print("rankrun {} (rankwise)\n", RANKRUN_VERSION);
  std::string mpirun;
  try {
    mpirun = find_mpirun(asked.mpirun);
  } catch (const rankwise::config_error&) {
    return;  // asked for rankrun's version, and has it
  }
  fmt::print("over {}: {}", mpirun, mpirun_version(mpirun));
}

int launch(const options& asked) {
  host_list hosts = hosts_of(asked);
  look_up_hosts(hosts);
  check_app(asked, hosts);

  surroundings around;
  around.mpirun = find_mpirun(asked.mpirun);
  around.flavor = recognise_mpi(mpirun_version(around.mpirun), around.mpirun);
  around.environment = read_environment();
  around.cores = count_cores();
  around.terminal_columns = terminal_columns();
  around.is_root = geteuid() == 0;

  if (around.flavor == mpi_flavor::open_mpi_4 && !asked.no_recovery && !asked.dry_run &&
      tells_launcher(asked.app.front())) {
    around.launcher_token = new_token();
  }

  const command job = make_command(asked, hosts, around);
  if (asked.dry_run) {
    fmt::print("{}\n", shell_line(job));
    return 0;
  }
  if (asked.verbose) fmt::print(stderr, "rankrun: {}\n", shell_line(job));
  job_watch watch;
  watch.token = around.launcher_token;
  watch.n_ranks = asked.n_ranks.value_or(hosts.total_slots());
  watch.start_timeout = std::chrono::seconds(asked.start_timeout_s);
  return run_job(job, watch, asked.verbose);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const options asked = parse_options({argv + 1, argv + argc});
    if (asked.help) {
      fmt::print("{}", help_text);
      return 0;
    }
    if (asked.version) {
      print_version(asked);
      return 0;
    }
    return launch(asked);
  } catch (const rankwise::config_error& error) {
    fmt::print(stderr, "rankrun: {}\n", error.what());
    return static_cast<int>(rankwise::exit_status::bad_configuration);
  } catch (const std::exception& error) {
    fmt::print(stderr, "rankrun: {}\n", error.what());
    return static_cast<int>(rankwise::exit_status::failed_job);
  }
}
