// SPDX-License-Identifier: MIT
// The engine, as rankwise::compiled has it: what run.hpp and collective.hpp only declare there.
#include <rankwise/engine/job/run_program.hpp>
