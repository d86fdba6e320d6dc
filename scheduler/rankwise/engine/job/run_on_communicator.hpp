// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/build_mode.hpp>
#include <rankwise/core/types.hpp>
#include <rankwise/engine/call/task_registry.hpp>
#include <rankwise/engine/job/job.hpp>
#include <rankwise/engine/job/run_on_endpoint.hpp>
#include <rankwise/engine/rank/cannot_go_on.hpp>
#include <rankwise/engine/rank/loss_settings.hpp>
#include <rankwise/engine/start_up/identity.hpp>
#include <rankwise/error.hpp>
#include <rankwise/options.hpp>
#include <rankwise/process/before_main.hpp>
#include <rankwise/process/launcher.hpp>
#include <rankwise/rank.hpp>
#include <rankwise/transport/mpi.hpp>

#include <fmt/core.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <vector>

namespace rankwise::engine {

/// Ends the job where this rank can do no more for it.
[[noreturn]] inline void bring_down(const boost::mpi::communicator& communicator,
                                    const std::exception& error) {
  fmt::print(
      stderr, "rankwise: rank {} on {}: {}\n", communicator.rank(), this_host(), error.what());
  std::fflush(nullptr);
  boost::mpi::environment::abort(static_cast<int>(exit_status::failed_job));
  std::abort();
}

/// What each rank of the endpoint is.
///
/// Collective over its communicator. Throws: config_error where they can't work together.
inline std::vector<identity> introduce(transport::mpi& endpoint) {
  const identity mine = identity::here(endpoint.host());
  const std::vector<identity> all = endpoint.gather_everywhere(mine);
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

/// `run_on_endpoint` over MPI. A rank that can't go on says so on stderr, and ends the job with
/// status 3. `survives` is for measurements: the library does its part for lost ranks, MPI does
/// not.
inline void run_on_communicator(const boost::mpi::communicator& communicator,
                                const options& how,
                                const job_body& body,
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

/// `run_on_communicator` as a program calls it: the tasks of all its sources are checked first.
RANKWISE_INLINE void run_collectively(const boost::mpi::communicator& communicator,
                                      const options& how,
                                      const job_body& body,
                                      bool survives) {
  launch_environment::leave_rank();
  core::require_one_build_mode();
  task_registry::instance().check();
  run_on_communicator(communicator, how, body, survives);
}

}  // namespace rankwise::engine
