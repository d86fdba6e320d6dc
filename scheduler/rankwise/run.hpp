// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/engine/call/task_threw.hpp>
#include <rankwise/engine/rank/cannot_go_on.hpp>
#include <rankwise/engine/rank/loss_settings.hpp>
#include <rankwise/engine/rank/task_end.hpp>
#include <rankwise/engine/rank/worker_rank.hpp>
#include <rankwise/engine/root/root.hpp>
#include <rankwise/engine/start_up/identity.hpp>
#include <rankwise/engine/start_up/start_up_heartbeat.hpp>
#include <rankwise/error.hpp>
#include <rankwise/journal/journal.hpp>
#include <rankwise/journal/open_journal.hpp>
#include <rankwise/observe/console.hpp>
#include <rankwise/options.hpp>
#include <rankwise/pool.hpp>
#include <rankwise/process/before_main.hpp>
#include <rankwise/process/launcher.hpp>
#include <rankwise/process/standard_streams.hpp>
#include <rankwise/program/command_line.hpp>
#include <rankwise/transport/alone.hpp>
#include <rankwise/transport/mpi.hpp>
#include <rankwise/transport/mpi_session.hpp>
#include <rankwise/version.hpp>

#include <boost/mpi/communicator.hpp>
#include <boost/mpi/environment.hpp>
#include <boost/program_options/options_description.hpp>
#include <fmt/core.h>
#include <mpi.h>

#include <chrono>
#include <concepts>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <unistd.h>
#include <utility>
#include <vector>

namespace rankwise {

/// A program that runs through `rankwise::run`: how it presents itself, and the options of its own.
struct program {
  std::string name;
  std::string version{rankwise::version};
  std::string summary;  ///< one line
  boost::program_options::options_description options;
  rankwise::operands operands = {};  ///< what it takes besides options
};

namespace engine {

/// Ends the job where this rank can do no more for it.
[[noreturn]] inline void bring_down(const boost::mpi::communicator& communicator,
                                    const std::exception& error) {
  fmt::print(
      stderr, "rankwise: rank {} on {}: {}\n", communicator.rank(), this_host(), error.what());
  std::fflush(nullptr);
  boost::mpi::environment::abort(static_cast<int>(exit_status::failed_job));
  std::abort();
}

/// Ends this process, whose job goes on without it.
[[noreturn]] inline void leave_alone(int rank, const std::exception& error) {
  fmt::print(stderr, "rankwise: rank {} on {}: {}\n", rank, this_host(), error.what());
  std::fflush(nullptr);
  ::_exit(static_cast<int>(exit_status::failed_job));
}

/// Runs `body` on the root of the endpoint, with a progress display; other ranks serve until it is
/// over.
///
/// Throws: what `body` throws; cannot_go_on, whatever `body` makes of it.
template <class Body>
void run_on_endpoint(transport::endpoint& endpoint,
                     const std::vector<std::string>& hosts,
                     const options& how,
                     const loss_settings& losses,
                     Body& body) {
  if (endpoint.rank() != root_rank) {
    or_bring_down([&] {
      worker_rank mine(endpoint, losses);
      const task_end named(mine.around(), true);
      mine.serve();
    });
    return;
  }
  std::optional<observe::console> shown;
  std::optional<root> engine;
  or_bring_down([&] {
    shown.emplace(how);
    engine.emplace(endpoint, hosts, *shown, losses);
  });
  if (!endpoint.may_change_threads()) {
    shown->notice(
        "MPI gives no MPI_THREAD_SERIALIZED: while the root is in a task, other ranks wait for it");
  }
  const task_end named(engine->around(), endpoint.n_ranks() > 1);
  std::unique_ptr<observe::journal> book;
  std::exception_ptr failure;
  try {
    book = observe::open_journal(how, hosts);
    if (book) engine->keep(*book);
    pool ranks(*engine, how);
    body(ranks);
    if (book) book->end("done");
  } catch (...) {
    failure = std::current_exception();
    if (book) book->end(describe_exception().text);
  }
  or_bring_down([&] { engine->shut_down(); });
  if (failure) std::rethrow_exception(failure);
  shown->job_over(engine->shown_totals());
}

/// What each rank of the endpoint is.
///
/// Collective over its communicator. Throws: config_error where they can't work together.
inline std::vector<identity> introduce(transport::mpi& endpoint) {
  const identity mine = identity::here(endpoint.host());
  std::vector<identity> all(endpoint.n_ranks());
  transport::check_mpi(
      MPI_Allgather(
          &mine, sizeof mine, MPI_BYTE, all.data(), sizeof mine, MPI_BYTE, endpoint.communicator()),
      "MPI_Allgather");
  require_alike(all);
  return all;
}

inline std::vector<std::string> hosts_of(const std::vector<identity>& ranks) {
  std::vector<std::string> hosts;
  for (const identity& rank : ranks) hosts.push_back(rank.host_name());
  return hosts;
}

/// How a job of these ranks survives losses.
inline loss_settings loss_settings_of(const std::vector<identity>& ranks, const options& how) {
  loss_settings losses;
  losses.timeout = std::chrono::duration_cast<core::duration>(
      std::chrono::duration<double>(how.heartbeat_timeout_s));
  for (const identity& one : ranks) losses.processes.push_back(one.process);
  return losses;
}

/// The same over MPI. A rank that can't go on says so on stderr, and ends the job with status 3.
/// `survives` is for measurements: the library does its part for lost ranks, MPI does not.
template <class Body>
void run_on_communicator(const boost::mpi::communicator& communicator,
                         const options& how,
                         Body& body,
                         bool survives = false) {
  try {
    transport::mpi endpoint(communicator);
    const std::vector<identity> all = introduce(endpoint);
    const loss_settings losses = survives ? loss_settings_of(all, how) : loss_settings{};
    std::exception_ptr failure;
    try {
      run_on_endpoint(endpoint, hosts_of(all), how, losses, body);
    } catch (const cannot_go_on& error) {
      bring_down(communicator, error);  // while the buffers of what is under way still live
    } catch (...) {
      failure = std::current_exception();
    }
    endpoint.drain();
    if (failure) std::rethrow_exception(failure);
  } catch (const mpi_error& error) {
    bring_down(communicator, error);
  }
}

/// The same in a job that rankrun has started, and that goes on where ranks are lost. MPI is never
/// finalised there: that would wait for ranks that are lost, and what is under way to and from them
/// must live as long as the process.
///
/// Throws: as `run_on_endpoint`; nothing of it on other ranks than the root, which say what it is.
template <class Body>
void run_under_launcher(
    int& argc, char**& argv, const launcher_line& launcher, const options& how, Body& body) {
  // For good: their destructors would finalise.
  std::optional<start_up_heartbeat> telling(launcher);
  static const auto* const environment =
      new boost::mpi::environment(argc, argv, boost::mpi::threading::serialized, false);
  static_cast<void>(environment);
  launch_environment::leave_rank();
  static auto* const endpoint = new transport::mpi(boost::mpi::communicator());
  const std::vector<identity> all = introduce(*endpoint);
  telling.reset();
  if (endpoint->rank() == root_rank)
    launcher.say(fmt::format("{} {}", launcher_words::joined, endpoint->n_ranks()));
  run_on_endpoint(*endpoint, hosts_of(all), how, loss_settings_of(all, how), body);
}

}  // namespace engine

/// Runs `body(pool)` on rank 0 of `communicator`, while the other ranks run the tasks that it hands
/// out.
///
/// Collective over `communicator`: all ranks call it, with options that are read on the root alone.
/// Throws: on the root, what `body` throws; on all ranks, config_error if their programs differ. A
/// rank where MPI fails, or a message can't be read, says so and ends the job.
template <std::invocable<pool&> Body>
void run(const boost::mpi::communicator& communicator, const options& how, Body body) {
  launch_environment::leave_rank();
  engine::task_registry::instance().check();
  engine::run_on_communicator(communicator, how, body);
}

/// Reads the options of `what` and the common ones, starts MPI if mpirun has launched this process,
/// and runs `body(pool)` once, on the root, while the other ranks run the tasks that it hands out.
/// Without mpirun everything runs in this process.
///
/// Collective over all processes of the job: `main` is nothing but this call. Returns the status to
/// exit with: 0; 1 for a task_error; 2 for a config_error (one line on stderr, told once), and
/// where standard output can't be written; 3 for any other exception that leaves the body.
template <std::invocable<pool&> Body>
int run(int argc, char** argv, const program& what, Body body) {
  launcher_line::leave_mark();
  const std::optional<int> launched = engine::launched_rank();
  const bool is_root = launched.value_or(0) == 0;
  const std::optional<launcher_line> launcher =
      launched ? launcher_line::of_process() : std::nullopt;
  const auto end_with = [&](int status) {
    std::fflush(nullptr);
    if (launcher) launcher->say(fmt::format("{} {}", launcher_words::outcome, status));
    return status;
  };
  const auto fail_to_print = [&](const observe::output_failure& failure) {
    if (!failure.is_unread()) fmt::print(stderr, "{}: {}\n", what.name, failure.text());
    return end_with(failure.status());
  };
  const auto end = [&](exit_status status) {
    if (!is_root) return static_cast<int>(exit_status::success);
    const auto unwritten = observe::finish_output();
    if (unwritten && status == exit_status::success) return fail_to_print(*unwritten);
    return end_with(static_cast<int>(status));
  };
  const auto fail = [&](std::string_view text, exit_status status) {
    // The root tells, and its status is the job's.
    if (is_root) fmt::print(stderr, "{}: {}\n", what.name, text);
    return end(status);
  };
  // Another try, with other ranks, may come further.
  const auto fail_for_ranks = [&](std::string_view text) {
    if (is_root && launcher) launcher->say(launcher_words::lost);
    return fail(text, exit_status::failed_job);
  };
  try {
    options how;
    try {
      const command_line_answer answer =
          parse_command_line(arguments::of_process(argc, argv),
                             how,
                             what.options,
                             {what.name, what.version, what.summary, what.operands});
      if (answer.next == command_line_answer::step::print_and_exit) {
        if (is_root) fmt::print("{}", answer.text);
        return end(exit_status::success);
      }
      engine::task_registry::instance().check();
    } catch (const config_error&) {
      // The root's options count. Another rank goes on: the job ends if the root fails alike, and
      // would hang in MPI_Init for this rank if it does not.
      if (is_root) throw;
    }
    if (boost::mpi::environment::finalized()) {
      throw config_error(
          "found MPI finalised, accepted: rankwise::run before MPI_Finalize, as often as you like");
    }
    if (!launched && !boost::mpi::environment::initialized()) {
      transport::alone endpoint;
      engine::run_on_endpoint(endpoint, {endpoint.host()}, how, {}, body);
    } else if (launcher) {
      try {
        engine::run_under_launcher(argc, argv, *launcher, how, body);
      } catch (const config_error&) {
        throw;
      } catch (const std::exception& error) {
        if (is_root) throw;
        engine::leave_alone(*launched, error);
      }
    } else {
      const engine::mpi_session session(argc, argv);
      launch_environment::leave_rank();
      engine::run_on_communicator(boost::mpi::communicator(), how, body);
    }
    return end(exit_status::success);
  } catch (const config_error& error) {
    return fail(error.what(), exit_status::bad_configuration);
  } catch (const task_error& error) {
    return fail(
        error.what(),
        error.is_configuration() ? exit_status::bad_configuration : exit_status::failed_items);
  } catch (const rank_lost& error) {
    return fail_for_ranks(error.what());
  } catch (const engine::cannot_go_on& error) {
    return fail_for_ranks(error.what());
  } catch (const std::system_error& error) {
    // The body's own printing may find out first.
    if (is_root && std::ferror(stdout) != 0) return fail_to_print({error.code().value()});
    return fail(error.what(), exit_status::failed_job);
  } catch (const std::exception& error) {
    return fail(error.what(), exit_status::failed_job);
  } catch (...) {
    return fail("an exception that is not a std::exception", exit_status::failed_job);
  }
}

/// The same for a program without options of its own, under the name that it was started by.
template <std::invocable<pool&> Body>
int run(int argc, char** argv, Body body) {
  const std::string path = argc > 0 ? argv[0] : "rankwise";
  program what;
  what.name = path.substr(path.rfind('/') + 1);
  what.summary = "a program on rankwise";
  return run(argc, argv, what, std::move(body));
}

// A body that takes no pool, which is easily forgotten.
template <class Body>
  requires(!std::invocable<Body, pool&>)

__attribute__((
    unavailable("rankwise: the body of rankwise::run takes the ranks of the job: "
                "[&](rankwise::pool& pool) { ... }"))) int
run(int /*argc*/, char** /*argv*/, Body /*body*/) {
  return 0;
}

template <class Body>
  requires(!std::invocable<Body, pool&>)

__attribute__((
    unavailable("rankwise: the body of rankwise::run takes the ranks of the job: "
                "[&](rankwise::pool& pool) { ... }"))) int
run(int /*argc*/, char** /*argv*/, const program& /*what*/, Body /*body*/) {
  return 0;
}

template <class Body>
  requires(!std::invocable<Body, pool&>)

__attribute__((
    unavailable("rankwise: the body of rankwise::run takes the ranks of the job: "
                "[&](rankwise::pool& pool) { ... }"))) void
run(const boost::mpi::communicator& /*communicator*/, const options& /*how*/, Body /*body*/) {}

}  // namespace rankwise
