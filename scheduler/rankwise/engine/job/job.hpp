// SPDX-License-Identifier: MIT
#pragma once

#include <functional>

namespace rankwise {

class pool;
struct program;

namespace engine {

/// What a program does on the root.
using job_body = std::function<void(pool&)>;

/// Runs a program from its command line to its status: see `rankwise::run`.
int run_program(int argc, char** argv, const program& what, const job_body& body);

/// The same for a program without options of its own, under the name that it was started by.
int run_program(int argc, char** argv, const job_body& body);

}  // namespace engine
}  // namespace rankwise
