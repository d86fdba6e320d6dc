// SPDX-License-Identifier: MIT
#pragma once

#include "command.hpp"

#include <chrono>
#include <string>

namespace rankwise::launcher {

/// How long a job has to end after the first SIGINT, SIGTERM or SIGHUP, before it is killed: five
/// seconds and nothing is left. Open MPI 4.1 ends ranks that ignore these signals after 2 s on one
/// host and after 4.1 s on several, and removes its files only if it may go on until then.
constexpr std::chrono::milliseconds grace{4400};

/// How long ranks have to end by themselves once the root has said how the job ends.
constexpr std::chrono::milliseconds farewell{3000};

/// Runs the command to its end, and leaves none of its processes behind on this machine. Where the
/// job tells how it goes (under `token`), what its root says counts, and ranks that are left then
/// are ended.
///
/// Blocks. Signals are passed on while it runs; stdin and stdout are the caller's.
/// Returns: the command's exit status, or what the root has said in its place, 3 where that is
/// lost;
///          128 + the signal, where one ended the command or was passed on to end it; 127 where the
///          command can't be started.
/// Throws:  system_error where the system has no process, pipe or signal descriptor left.
int run_job(const command& job, const std::string& token, bool keep_banners);

}  // namespace rankwise::launcher
