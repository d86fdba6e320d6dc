// SPDX-License-Identifier: MIT
#include <rankwise/process/launcher.hpp>
#include <rankwise/process/standard_streams.hpp>

#include "allocation.hpp"
#include "command.hpp"
#include "hostfile.hpp"
#include "job.hpp"
#include "jobs.hpp"
#include "machine.hpp"
#include "mpi_flavor.hpp"
#include "options.hpp"
#include "restart.hpp"
#include "threads.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <exception>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace {

using namespace std::string_literals;
using namespace rankwise::launcher;
using rankwise::launcher_line;

constexpr const char* help_text = R"(rankrun [options] PROGRAM [ARGUMENT ...]
Starts PROGRAM on ranks under Open MPI or MPICH, and ends with its status.
rankrun jobs [--json | --csv] FILE
Prints what a journal (--journal FILE of PROGRAM) holds.

  -f, --hostfile FILE    hosts: "name slots=N" (Open MPI), "name:N" (MPICH) or plain names;
                         without it: Slurm's allocation, or this machine
  -H, --host a:2,b:4     hosts on the command line
  -n, -np N              ranks; without it: one a slot
  --threads N            a task uses N threads (OpenMP, TBB, std::thread): a rank takes N cores, and
                         OMP_NUM_THREADS and RANKWISE_THREADS are N; ranks are not bound to cores.
                         Without it: RANKWISE_THREADS, or a line "# threads=N" of the host file
  --tag-output           puts the rank before each line that it prints
  --oversubscribe        allows more ranks than slots; they share cores
  --allow-run-as-root    lets Open MPI run as root
  --no-recovery          a rank that dies ends the job, also where the program could go on
  --start-timeout S      seconds after which ranks that have not joined are missing (30); the job is
                         tried once more without them
  --restarts N           starts a job again, up to N times, that could not go on: its root was lost, or
                         a rank that it needed; without the hosts that do not answer, and with what
                         its journal holds (--journal FILE of PROGRAM)
  --stdin none           the job reads no standard input. (Programs on rankwise take it once they read)
  --dry-run              prints the real command and ends
  --mpirun PATH          the real mpirun; without it: the first on the PATH
  -v, --verbose          prints the real command, and keeps mpirun's own banners
  -h, --help, -V, --version

Any other option before PROGRAM is passed on to the real mpirun; write --option=value where it takes
a value (not needed for the usual ones: -x NAME, --mca KEY VALUE, --map-by HOW, -wdir FOLDER ...).
The status is the program's own (on rankwise: 0 all is done, 1 items failed, 2 input that can't be used, 3 the job could
not go on); 128 + signal where a signal ended it; 2 for input that can't be used.
)";

host_list hosts_of(const options& asked) {
  if (asked.hostfile && asked.hosts) {
    throw rankwise::config_error("-f: found --host as well, accepted: one of the two");
  }
  if (asked.hostfile) return parse_hostfile(read_hostfile(*asked.hostfile), *asked.hostfile);
  if (asked.hosts) return parse_host_option(*asked.hosts);
  if (auto allocated = slurm_allocation(read_environment())) return *std::move(allocated);
  host here;
  here.name = "localhost";
  here.slots = count_cores();
  return {"this machine", {here}, 1};
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

job_end run_once(const options& asked, const layout& where, const surroundings& around) {
  options now = asked;
  now.n_ranks = where.n_ranks;
  const command job = make_command(now, where.hosts, around);
  if (asked.verbose) fmt::print(stderr, "rankrun: {}\n", shell_line(job));
  job_watch watch;
  watch.token = around.launcher_token;
  watch.n_ranks = where.n_ranks;
  watch.hosts = hosts_of_ranks(where);
  watch.start_timeout = std::chrono::seconds(asked.start_timeout_s);
  if (around.launcher_input == launcher_line::input_on_demand) {
    watch.input = input_kind::asked;
  } else if (asked.input != "none" && standard_input() == input_state::open) {
    watch.input = input_kind::eager;
  }
  return run_job(job, watch, asked.verbose);
}

/// Where the job can be tried again, without what is missing; none where it can't.
std::optional<layout> next_layout(const layout& before, const job_end& end, bool keeps_root) {
  layout next = without(before, end.missing_ranks, answering_hosts(before.hosts));
  const std::string gone = names_gone(before.hosts, next.hosts);
  if (!gone.empty()) fmt::print(stderr, "rankrun: without {}\n", gone);
  if (next.n_ranks < 1) {
    fmt::print(stderr, "rankrun: no host is left to start the job on\n");
    return std::nullopt;
  }
  const std::string& root = before.hosts.hosts.front().name;
  if (keeps_root && next.hosts.hosts.front().name != root) {
    fmt::print(stderr,
               "rankrun: the journal is on {}, which does not answer: --resume there goes on\n",
               root);
    return std::nullopt;
  }
  return next;
}

/// A job that could not go on is started again as often as was asked for, and once where ranks did
/// not join.
int run_again_and_again(const options& asked, layout where, surroundings around) {
  const bool has_journal = is_journaled(asked, around.environment);
  bool may_miss_ranks = true;  // once, without being asked
  for (int n = 1;; ++n) {
    const job_end end = run_once(asked, where, around);
    if (!end.could_not_go_on) return end.status;
    const bool is_first_miss = !end.missing_ranks.empty() && std::exchange(may_miss_ranks, false);
    if (n > asked.restarts && !is_first_miss) return end.status;
    const std::optional<layout> next = next_layout(where, end, has_journal);
    if (!next) return end.status;
    where = *next;
    const std::chrono::seconds pause = pause_before(n);
    fmt::print(stderr,
               "rankrun: in {} s the job is started again on {} rank{}, {}{}\n",
               pause.count(),
               where.n_ranks,
               where.n_ranks == 1 ? "" : "s",
               has_journal ? "from what the journal holds" : "from the beginning (no --journal)",
               n <= asked.restarts ? fmt::format(" (restart {} of {})", n, asked.restarts) : "");
    std::this_thread::sleep_for(pause);
    around.resumes = has_journal;
    if (!around.launcher_token.empty()) around.launcher_token = new_token();
  }
}

int launch(options asked) {
  host_list hosts = hosts_of(asked);
  asked.n_threads = n_threads_of(asked, read_environment(), hosts);
  look_up_hosts(hosts);
  check_app(asked, hosts);
  if (asked.n_threads) {
    const std::string warning = short_of_slots(hosts, *asked.n_threads);
    if (!warning.empty()) fmt::print(stderr, "rankrun: {}\n", warning);
    hosts = with_threads(std::move(hosts), *asked.n_threads);
  }

  surroundings around;
  around.mpirun = find_mpirun(asked.mpirun);
  around.flavor = recognise_mpi(mpirun_version(around.mpirun), around.mpirun);
  around.environment = read_environment();
  around.left_out = variables_to_leave_out(around.environment);
  for (const std::string& name : around.left_out) around.environment.erase(name);
  around.cores = count_cores();
  around.terminal_columns = terminal_columns();
  around.is_root = geteuid() == 0;

  if (around.flavor == mpi_flavor::open_mpi_4 && !asked.no_recovery && !asked.dry_run &&
      tells_launcher(asked.app.front())) {
    around.launcher_token = new_token();
    const input_state input = standard_input();
    // Who names a rank that gets it wants it there.
    if (!asked.input && input == input_state::open)
      around.launcher_input = launcher_line::input_on_demand;
    if (input == input_state::closed) around.launcher_input = launcher_line::input_closed;
  }

  if (asked.n_threads) fmt::print(stderr, "rankrun: {}\n", threads_text(asked, hosts, around));
  layout where{std::move(hosts), 0};
  where.n_ranks = asked.n_ranks.value_or(where.hosts.total_slots());
  if (asked.dry_run) {
    fmt::print("{}\n", shell_line(make_command(asked, where.hosts, around)));
    return 0;
  }
  return run_again_and_again(asked, std::move(where), std::move(around));
}

/// Where rankrun's own words can't be printed.
int end_unwritten(const rankwise::observe::output_failure& failure) {
  if (!failure.is_unread()) fmt::print(stderr, "rankrun: {}\n", failure.text());
  return failure.status();
}

/// What was asked for; the status to end with.
int run(const std::vector<std::string>& words) {
  try {
    if (!words.empty() && words.front() == "jobs")
      return show_journal({words.begin() + 1, words.end()});
    const options asked = parse_options(words);
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
  } catch (const std::system_error& error) {
    if (std::ferror(stdout) != 0) return end_unwritten({error.code().value()});
    fmt::print(stderr, "rankrun: {}\n", error.what());
    return static_cast<int>(rankwise::exit_status::failed_job);
  } catch (const std::exception& error) {
    fmt::print(stderr, "rankrun: {}\n", error.what());
    return static_cast<int>(rankwise::exit_status::failed_job);
  }
}

}  // namespace

int main(int argc, char** argv) {
  rankwise::observe::open_closed_streams();
  const int status = run({argv + 1, argv + argc});
  const auto failure = rankwise::observe::finish_output();
  return failure && status == 0 ? end_unwritten(*failure) : status;
}
