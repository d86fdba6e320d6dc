// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/build_mode.hpp>
#include <rankwise/engine/call/task_registry.hpp>
#include <rankwise/engine/job/job.hpp>
#include <rankwise/engine/job/run_on_communicator.hpp>
#include <rankwise/engine/job/run_on_endpoint.hpp>
#include <rankwise/engine/rank/cannot_go_on.hpp>
#include <rankwise/engine/start_up/identity.hpp>
#include <rankwise/engine/start_up/start_up_heartbeat.hpp>
#include <rankwise/error.hpp>
#include <rankwise/observe/console.hpp>
#include <rankwise/options.hpp>
#include <rankwise/process/before_main.hpp>
#include <rankwise/process/launcher.hpp>
#include <rankwise/process/standard_streams.hpp>
#include <rankwise/program.hpp>
#include <rankwise/program/command_line.hpp>
#include <rankwise/rank.hpp>
#include <rankwise/transport/alone.hpp>
#include <rankwise/transport/mpi.hpp>
#include <rankwise/transport/mpi_session.hpp>

#include <fmt/core.h>

#include <cstdio>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <unistd.h>
#include <vector>

namespace rankwise::engine {

/// Ends this process, whose job goes on without it.
[[noreturn]] inline void leave_alone(int rank, const std::exception& error) {
  fmt::print(stderr, "rankwise: rank {} on {}: {}\n", rank, this_host(), error.what());
  observe::flush_streams();
  ::_exit(static_cast<int>(exit_status::failed_job));
}

/// `run_on_endpoint` in a job that rankrun has started, and that goes on where ranks are lost. MPI
/// is never finalised there: that would wait for ranks that are lost, and what is under way to and
/// from them must live as long as the process.
///
/// Throws: as `run_on_endpoint`; nothing of it on other ranks than the root, which say what it is.
inline void run_under_launcher(int& argc,
                               char**& argv,
                               const launcher_line& launcher,
                               const options& how,
                               const job_body& body) {
  const one_job mine;
  // For good: their destructors would finalise.
  std::optional<start_up_heartbeat> telling(launcher);
  static const auto* const environment =
      new boost::mpi::environment(argc, argv, boost::mpi::threading::serialized, false);
  static_cast<void>(environment);
  launch_environment::leave_rank();
  static auto* const endpoint = new transport::mpi(boost::mpi::communicator());
  const std::vector<identity> all = introduce(*endpoint);
  say_shortage_of_cores(all, endpoint->rank(), how);
  telling.reset();
  if (endpoint->rank() == root_rank)
    launcher.say(fmt::format("{} {}", launcher_words::joined, endpoint->n_ranks()));
  run_on_endpoint(*endpoint, hosts_of(all), how, loss_settings_of(all, how), body);
}

RANKWISE_INLINE int run_program(int argc, char** argv, const program& what, const job_body& body) {
  const std::optional<int> launched = launched_rank();
  const bool is_root = launched.value_or(0) == 0;
  const std::optional<launcher_line> launcher =
      launched ? launcher_line::of_process() : std::nullopt;
  const auto end_with = [&](int status) {
    observe::flush_streams();
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
          parse_command_line(arguments::of_process(argc, argv), how, what);
      if (answer.next == command_line_answer::step::print_and_exit) {
        if (is_root) fmt::print("{}", answer.text);
        return end(exit_status::success);
      }
      core::require_one_build_mode();
      task_registry::instance().check();
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
      run_on_endpoint(endpoint, {endpoint.host()}, how, {}, body);
    } else if (launcher) {
      try {
        run_under_launcher(argc, argv, *launcher, how, body);
      } catch (const config_error&) {
        throw;
      } catch (const std::exception& error) {
        if (is_root) throw;
        leave_alone(*launched, error);
      }
    } else {
      const mpi_session session(argc, argv);
      launch_environment::leave_rank();
      run_on_communicator(boost::mpi::communicator(), how, body);
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
  } catch (const cannot_go_on& error) {
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

RANKWISE_INLINE int run_program(int argc, char** argv, const job_body& body) {
  const std::string path = argc > 0 ? argv[0] : "rankwise";
  program what;
  what.name = path.substr(path.rfind('/') + 1);
  what.summary = "a program on rankwise";
  return run_program(argc, argv, what, body);
}

}  // namespace rankwise::engine
