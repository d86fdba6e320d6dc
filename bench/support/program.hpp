// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/collective.hpp>
#include <rankwise/process/launcher.hpp>
#include <rankwise/program.hpp>
#include <rankwise/program/command_line.hpp>
#include <rankwise/rankwise.hpp>

#include <boost/mpi/communicator.hpp>
#include <boost/mpi/environment.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>

namespace bench {

/// Ends the benchmark where a result is wrong: a fast wrong answer is no measurement.
inline void require(bool right, const std::string& what) {
  if (!right) throw std::runtime_error(what);
}

/// Reads the command line; a status to exit with where there is nothing more to do, as where
/// bench/run only wants to know whether the options are good. `how` gets the options of the
/// scheduler, and is quiet.
inline std::optional<int> read_options(int argc,
                                       char** argv,
                                       const rankwise::program& what,
                                       rankwise::options& how) {
  const bool tells = rankwise::launch_environment::of_process().rank().value_or(0) == 0;
  try {
    const rankwise::command_line_answer answer =
        rankwise::parse_command_line(rankwise::arguments::of_process(argc, argv), how, what);
    how.quiet = true;
    if (answer.next == rankwise::command_line_answer::step::go_on) {
      if (std::getenv("BENCH_CHECK_OPTIONS") != nullptr) return 0;
      return std::nullopt;
    }
    if (tells) fmt::print("{}", answer.text);
    return 0;
  } catch (const rankwise::config_error& error) {
    if (tells) fmt::print(stderr, "{}: {}\n", what.name, error.what());
    return tells ? 2 : 0;  // one tells, and its status is the job's
  }
}

/// `rankwise::run`; where BENCH_HEARTBEATS is set, with heartbeats and a watch on processes, as in
/// jobs that rankrun starts.
template <class Body>
void run_job(const boost::mpi::communicator& world, const rankwise::options& how, Body body) {
  const bool survives = std::getenv("BENCH_HEARTBEATS") != nullptr;
  rankwise::engine::run_collectively(world, how, std::ref(body), survives);
}

/// Runs `body(communicator, options)` on every rank; what it throws on one brings all down.
///
/// Collective over all processes of the job: unlike rankwise::run, each rank runs the body, which
/// can then run the same work through the library and by hand.
template <class Body>
int run_on_all(int argc, char** argv, const rankwise::program& what, Body body) {
  rankwise::options how;
  if (const std::optional<int> status = read_options(argc, argv, what, how)) return *status;
  const boost::mpi::environment environment(argc, argv, boost::mpi::threading::serialized, false);
  try {
    body(boost::mpi::communicator(), how);
    return 0;
  } catch (const std::exception& error) {
    fmt::print(
        stderr, "{}: rank {}: {}\n", what.name, boost::mpi::communicator().rank(), error.what());
    std::fflush(stderr);
    boost::mpi::environment::abort(3);
    return 3;
  }
}

}  // namespace bench
