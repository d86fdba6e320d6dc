// SPDX-License-Identifier: MIT
#pragma once

#include "command.hpp"
#include "restart.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace rankwise::launcher {

/// How long a job has to end after the first SIGINT, SIGTERM or SIGHUP, before it is killed: five
/// seconds and nothing is left. Open MPI 4.1 ends ranks that ignore these signals after 2 s on one
/// host and after 4.1 s on several, and removes its files only if it may go on until then.
constexpr std::chrono::milliseconds grace{4400};

/// How long ranks have to end by themselves once the root has said how the job ends.
constexpr std::chrono::milliseconds farewell{3000};

/// How long they have where they never joined a job.
constexpr std::chrono::milliseconds short_farewell{500};

/// How the standard input of rankrun reaches a job.
enum class input_kind {
  none,   ///< not at all
  eager,  ///< from the start, to whom mpirun gives it
  asked   ///< to the root, once it reads
};

/// How a job is watched that goes on where ranks are lost.
struct job_watch {
  std::string token;  ///< by which its ranks' lines are known; empty: it is no such job
  int n_ranks = 1;
  std::vector<std::string> hosts = {};     ///< of the ranks, where that is known
  std::chrono::seconds start_timeout{30};  ///< ranks that have not joined by then are missing
  input_kind input = input_kind::none;
};

/// Runs the command to its end, and leaves none of its processes behind on this machine. Where the
/// job tells how it goes, what its root says counts, and ranks that are left then are ended; so are
/// all where some never join. What the job prints is carried to the caller's stdout; where that
/// can't be written, that is said, and the status is not 0.
///
/// Blocks. Signals are passed on while it runs; SIGTSTP stops the ranks, and then this process.
/// Returns: the status is the command's, or what the root has said in its place, 3 where that is
/// lost;
///          128 + the signal, where one ended the command or was passed on to end it; 127 where the
///          command can't be started.
/// Throws:  system_error where the system has no process, pipe or signal descriptor left.
job_end run_job(const command& job, const job_watch& watch, bool keep_banners);

}  // namespace rankwise::launcher
