// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/engine/job/job.hpp>
#include <rankwise/pool.hpp>
#include <rankwise/process/launcher.hpp>

#include <concepts>
#include <functional>

namespace rankwise {

struct program;

/// Reads the options of `what` and the common ones, starts MPI if mpirun has launched this process,
/// and runs `body(pool)` once, on the root, while the other ranks run the tasks that it hands out.
/// Without mpirun everything runs in this process.
///
/// Collective over all processes of the job: `main` is nothing but this call. Returns the status to
/// exit with: 0; 1 for a task_error; 2 for a config_error (one line on stderr, told once), and
/// where standard output can't be written; 3 for any other exception that leaves the body.
///
/// Programs with options of their own include `rankwise/program.hpp` as well.
template <std::invocable<pool&> Body>
int run(int argc, char** argv, const program& what, Body body) {
  launcher_line::leave_mark();
  return engine::run_program(argc, argv, what, std::ref(body));
}

/// The same for a program without options of its own, under the name that it was started by.
template <std::invocable<pool&> Body>
int run(int argc, char** argv, Body body) {
  launcher_line::leave_mark();
  return engine::run_program(argc, argv, std::ref(body));
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

}  // namespace rankwise

#ifndef RANKWISE_COMPILED
#include <rankwise/engine/job/run_program.hpp>
#endif
