// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/engine/call/task_threw.hpp>

#include <stdexcept>

namespace rankwise::engine {

/// This rank can't do its part any more: MPI failed, or a message or value can't be read. The job
/// must be brought down.
class cannot_go_on : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Runs `work`; what it throws becomes a cannot_go_on.
template <class Work>
void or_bring_down(Work work) {
  try {
    work();
  } catch (...) {
    throw cannot_go_on(describe_exception().text);
  }
}

}  // namespace rankwise::engine
