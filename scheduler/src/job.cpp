// SPDX-License-Identifier: MIT
// The engine, as rankwise::compiled has it: what run.hpp and collective.hpp only declare there.
#include <rankwise/engine/call/each_rank_call_inline.hpp>
#include <rankwise/engine/job/run_program.hpp>
