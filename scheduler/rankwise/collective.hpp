// SPDX-License-Identifier: MIT
#pragma once

// For a program that uses MPI itself: the library on a communicator of its own.

#include <rankwise/engine/job/job.hpp>
#include <rankwise/options.hpp>
#include <rankwise/pool.hpp>

#include <boost/mpi/communicator.hpp>

#include <concepts>
#include <functional>

namespace rankwise {

namespace engine {

/// Runs a job on the ranks of a communicator: see `rankwise::run`. `survives` is for measurements:
/// the library does its part for lost ranks, MPI does not.
void run_collectively(const boost::mpi::communicator& communicator,
                      const options& how,
                      const job_body& body,
                      bool survives);

}  // namespace engine

/// Runs `body(pool)` on rank 0 of `communicator`, while the other ranks run the tasks that it hands
/// out.
///
/// Collective over `communicator`: all ranks call it, with options that are read on the root alone.
/// Throws: on the root, what `body` throws; on all ranks, config_error if their programs differ. A
/// rank where MPI fails, or a message can't be read, says so and ends the job.
template <std::invocable<pool&> Body>
void run(const boost::mpi::communicator& communicator, const options& how, Body body) {
  engine::run_collectively(communicator, how, std::ref(body), false);
}

// A body that takes no pool, which is easily forgotten.
template <class Body>
  requires(!std::invocable<Body, pool&>)

__attribute__((
    unavailable("rankwise: the body of rankwise::run takes the ranks of the job: "
                "[&](rankwise::pool& pool) { ... }"))) void
run(const boost::mpi::communicator& /*communicator*/, const options& /*how*/, Body /*body*/) {}

}  // namespace rankwise

#ifndef RANKWISE_COMPILED
#include <rankwise/engine/job/run_on_communicator.hpp>
#endif
