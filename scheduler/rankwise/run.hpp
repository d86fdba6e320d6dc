// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/command_line.hpp>
#include <rankwise/engine/root.hpp>
#include <rankwise/engine/server.hpp>
#include <rankwise/engine/start_up.hpp>
#include <rankwise/error.hpp>
#include <rankwise/observe/console.hpp>
#include <rankwise/options.hpp>
#include <rankwise/pool.hpp>
#include <rankwise/transport/alone.hpp>
#include <rankwise/transport/mpi.hpp>
#include <rankwise/version.hpp>

#include <boost/mpi/communicator.hpp>
#include <boost/mpi/environment.hpp>
#include <boost/program_options/options_description.hpp>
#include <fmt/format.h>
#include <mpi.h>

#include <concepts>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
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

/// Runs `body` on the root of the endpoint, with a progress display; other ranks serve until it is
/// over.
///
/// Throws: what `body` throws; cannot_go_on, whatever `body` makes of it.
template <class Body>
void run_on_endpoint(transport::endpoint& endpoint,
                     std::vector<std::string> hosts,
                     const options& how,
                     Body& body) {
  if (endpoint.rank() != root_rank) {
    or_bring_down([&] { server(endpoint).serve(); });
    return;
  }
  std::optional<observe::console> shown;
  std::optional<root> engine;
  or_bring_down([&] {
    shown.emplace(how);
    engine.emplace(endpoint, std::move(hosts), *shown);
  });
  if (!endpoint.may_change_threads()) {
    shown->say(
        "MPI gives no MPI_THREAD_SERIALIZED: while the root is in a task, other ranks wait for it");
  }
  std::exception_ptr failure;
  try {
    pool ranks(*engine, how);
    body(ranks);
  } catch (...) {
    failure = std::current_exception();
  }
  or_bring_down([&] { engine->shut_down(); });
  if (failure) std::rethrow_exception(failure);
  shown->job_over(engine->shown_totals());
}

/// The same over MPI. A rank that can't go on says so on stderr, and ends the job with status 3.
template <class Body>
void run_on_communicator(const boost::mpi::communicator& communicator,
                         const options& how,
                         Body& body) {
  try {
    transport::mpi endpoint(communicator);
    const identity mine = identity::here(endpoint.host());
    std::vector<identity> all(endpoint.n_ranks());
    transport::check_mpi(MPI_Allgather(&mine,
                                       sizeof mine,
                                       MPI_BYTE,
                                       all.data(),
                                       sizeof mine,
                                       MPI_BYTE,
                                       endpoint.communicator()),
                         "MPI_Allgather");
    require_alike(all);
    std::vector<std::string> hosts;
    for (const identity& rank : all) hosts.push_back(rank.host_name());
    try {
      run_on_endpoint(endpoint, std::move(hosts), how, body);
    } catch (const cannot_go_on& error) {
      bring_down(communicator, error);  // while the buffers of what is under way still live
    }
  } catch (const mpi_error& error) {
    bring_down(communicator, error);
  }
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
  engine::task_registry::instance().check();
  engine::run_on_communicator(communicator, how, body);
}

/// Reads the options of `what` and the common ones, starts MPI if mpirun has launched this process,
/// and runs `body(pool)` once, on the root, while the other ranks run the tasks that it hands out.
/// Without mpirun everything runs in this process.
///
/// Collective over all processes of the job: `main` is nothing but this call. Returns the status to
/// exit with: 0; 2 for a config_error (one line on stderr, told once); 3 for any other exception
/// that leaves the body.
template <std::invocable<pool&> Body>
int run(int argc, char** argv, const program& what, Body body) {
  const std::optional<int> launched = engine::launched_rank();
  const bool is_root = launched.value_or(0) == 0;
  const auto fail = [&](std::string_view text, exit_status status) {
    // The root tells, and its status is the job's.
    if (!is_root) return static_cast<int>(exit_status::success);
    fmt::print(stderr, "{}: {}\n", what.name, text);
    return static_cast<int>(status);
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
        return static_cast<int>(exit_status::success);
      }
      engine::task_registry::instance().check();
    } catch (const config_error&) {
      // The root's options count. Another rank goes on: the job ends if the root fails alike, and
      // would hang in MPI_Init for this rank if it does not.
      if (is_root) throw;
    }
    if (!launched && !boost::mpi::environment::initialized()) {
      transport::alone endpoint;
      engine::run_on_endpoint(endpoint, {endpoint.host()}, how, body);
    } else {
      const boost::mpi::environment environment(
          argc, argv, boost::mpi::threading::serialized, false);
      engine::run_on_communicator(boost::mpi::communicator(), how, body);
    }
    return static_cast<int>(exit_status::success);
  } catch (const config_error& error) {
    return fail(error.what(), exit_status::bad_configuration);
  } catch (const task_error& error) {
    return fail(
        error.what(),
        error.is_configuration() ? exit_status::bad_configuration : exit_status::failed_job);
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

}  // namespace rankwise
