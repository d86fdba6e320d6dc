// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/build_mode.hpp>
#include <rankwise/core/types.hpp>
#include <rankwise/engine/call/task_registry.hpp>
#include <rankwise/engine/job/agreement.hpp>
#include <rankwise/engine/job/collective_call.hpp>
#include <rankwise/engine/job/job.hpp>
#include <rankwise/engine/job/run_on_endpoint.hpp>
#include <rankwise/engine/rank/cannot_go_on.hpp>
#include <rankwise/engine/rank/loss_settings.hpp>
#include <rankwise/engine/start_up/identity.hpp>
#include <rankwise/engine/start_up/thread_room.hpp>
#include <rankwise/error.hpp>
#include <rankwise/options.hpp>
#include <rankwise/process/before_main.hpp>
#include <rankwise/process/launcher.hpp>
#include <rankwise/process/standard_streams.hpp>
#include <rankwise/rank.hpp>
#include <rankwise/transport/doorbells.hpp>
#include <rankwise/transport/mpi.hpp>
#include <rankwise/transport/mpi_message.hpp>
#include <rankwise/wire/buffer.hpp>

#include <fmt/core.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <stdexcept>
#include <string>
#include <vector>

namespace rankwise::engine {

/// Ends the job where this rank can do no more for it.
[[noreturn]] inline void bring_down(const boost::mpi::communicator& communicator,
                                    const std::exception& error) {
  fmt::print(
      stderr, "rankwise: rank {} on {}: {}\n", communicator.rank(), this_host(), error.what());
  observe::flush_streams();
  boost::mpi::environment::abort(static_cast<int>(exit_status::failed_job));
  std::abort();
}

/// What each rank of the endpoint is. They can wake each other from now on.
///
/// Collective over its communicator. Throws: config_error where they can't work together.
inline std::vector<identity> introduce(transport::mpi& endpoint) {
  identity mine = identity::here(endpoint.host());
  mine.doorbell = endpoint.doorbell_descriptor();
  const std::vector<identity> all = endpoint.gather_everywhere(mine);
  require_alike(all);
  std::vector<transport::doorbell_place> doorbells;
  for (const identity& one : all) doorbells.push_back({one.process, one.doorbell});
  endpoint.reach_doorbells(doorbells);
  return all;
}

/// Has the root say where the threads of tasks share cores.
inline void say_shortage_of_cores(const std::vector<identity>& ranks,
                                  rank_id rank,
                                  const options& how) {
  if (rank != root_rank || how.quiet) return;
  const std::string text = short_of_cores(ranks, how.threads);
  if (!text.empty()) fmt::print(stderr, "rankwise: {}\n", text);
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

/// One job at a time in a process.
///
/// Throws: std::logic_error if there is one already.
class one_job {
 public:
  one_job() {
    if (!is_under_way().exchange(true)) return;
    throw std::logic_error(
        "found a collective call of rankwise inside another, from a task, a body or another "
        "thread; "
        "accepted: one at a time in a process; a task returns what is to be done, and a body calls "
        "its pool");
  }

  one_job(const one_job&) = delete;
  one_job& operator=(const one_job&) = delete;
  one_job(one_job&&) = delete;
  one_job& operator=(one_job&&) = delete;

  ~one_job() { is_under_way() = false; }

 private:
  static std::atomic<bool>& is_under_way() {
    static std::atomic<bool> flag{false};
    return flag;
  }
};

/// Tells the other ranks how the job has ended on rank 0, and gives them what `frame` is there.
///
/// Collective over the endpoint's communicator. Returns what this rank throws; null: nothing.
inline std::exception_ptr agree(transport::mpi& endpoint,
                                const collective_call& call,
                                wire::bytes& frame,
                                const std::exception_ptr& failure) {
  const bool is_root = endpoint.rank() == root_rank;
  wire::bytes ending;
  if (is_root) ending = encode_outcome(outcome_of(failure, endpoint.host()));
  endpoint.broadcast(ending);
  const job_outcome outcome = decode_outcome({ending.data(), ending.size()});
  if (outcome.what != job_outcome::done) return is_root ? failure : failure_of(outcome);
  if (call.form.everywhere != 0) {
    endpoint.broadcast(frame);
    if (!is_root) call.take({frame.data(), frame.size()});
  }
  return nullptr;
}

/// `run_on_endpoint` over MPI. A rank that can't go on says so on stderr, and ends the job with
/// status 3. `survives` is for measurements: the library does its part for lost ranks, MPI does
/// not.
inline void run_on_communicator(const boost::mpi::communicator& communicator,
                                const options& how,
                                const job_body& body,
                                bool survives = false) {
  const one_job mine;
  try {
    transport::mpi endpoint(communicator);
    const std::vector<identity> all = introduce(endpoint);
    say_shortage_of_cores(all, endpoint.rank(), how);
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

/// `run_on_communicator` where all ranks throw, or none.
inline void run_in_agreement(const boost::mpi::communicator& communicator,
                             const options& how,
                             const collective_call& call) {
  const one_job mine;
  std::exception_ptr failure;
  try {
    transport::mpi endpoint(communicator);
    const std::vector<identity> all = introduce(endpoint);
    require_same_call(endpoint.gather_everywhere(call.form));
    say_shortage_of_cores(all, endpoint.rank(), how);
    wire::bytes frame;
    try {
      run_on_endpoint(
          endpoint, hosts_of(all), how, {}, [&](pool& ranks) { frame = call.run(ranks); });
    } catch (const cannot_go_on& error) {
      bring_down(communicator, error);  // while the buffers of what is under way still live
    } catch (...) {
      failure = std::current_exception();
    }
    endpoint.drain();
    failure = agree(endpoint, call, frame, failure);
  } catch (const mpi_error& error) {
    bring_down(communicator, error);
  } catch (const wire::decode_error& error) {
    bring_down(communicator, error);  // others have gone on
  }
  if (failure) std::rethrow_exception(failure);
}

/// Refuses a communicator on which the library can't work, as far as this rank can tell alone.
///
/// Throws: config_error.
inline void require_usable(MPI_Comm communicator) {
  if (!boost::mpi::environment::initialized()) {
    throw config_error("found MPI not initialised, accepted: a collective call after MPI_Init");
  }
  if (boost::mpi::environment::finalized()) {
    throw config_error("found MPI finalised, accepted: a collective call before MPI_Finalize");
  }
  if (communicator == MPI_COMM_NULL) {
    throw config_error(
        "found MPI_COMM_NULL, accepted: a communicator that this rank is in (MPI_Comm_split gives "
        "none to ranks that pass MPI_UNDEFINED: they make no collective call)");
  }
  int is_between_groups = 0;
  transport::check_mpi(MPI_Comm_test_inter(communicator, &is_between_groups),
                       "MPI_Comm_test_inter");
  if (is_between_groups != 0) {
    throw config_error(
        "found an inter-communicator, accepted: a communicator of one group "
        "(MPI_Intercomm_merge makes one)");
  }
  int level = MPI_THREAD_SINGLE;
  int is_main = 0;
  MPI_Query_thread(&level);
  MPI_Is_thread_main(&is_main);
  if (level < MPI_THREAD_SERIALIZED && is_main == 0) {
    throw config_error(
        "found a thread that MPI does not serve, accepted: the thread that called MPI_Init, or "
        "MPI_THREAD_SERIALIZED and more");
  }
}

/// `run_on_communicator` as a benchmark calls it: the tasks of all its sources are checked first.
RANKWISE_INLINE void run_collectively(const boost::mpi::communicator& communicator,
                                      const options& how,
                                      const job_body& body,
                                      bool survives) {
  launch_environment::leave_rank();
  core::require_one_build_mode();
  task_registry::instance().check();
  run_on_communicator(communicator, how, body, survives);
}

/// `run_in_agreement` as a program calls it.
RANKWISE_INLINE void run_together(MPI_Comm communicator,
                                  const options& how,
                                  const collective_call& call) {
  require_usable(communicator);
  launch_environment::leave_rank();
  core::require_one_build_mode();
  task_registry::instance().check();
  run_in_agreement(boost::mpi::communicator(communicator, boost::mpi::comm_attach), how, call);
}

}  // namespace rankwise::engine
