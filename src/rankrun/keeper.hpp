// SPDX-License-Identifier: MIT
#pragma once

#include "command.hpp"
#include "descriptor.hpp"

#include <csignal>
#include <optional>
#include <sys/types.h>

namespace rankwise::launcher {

/// A command that runs under a process of its own, its keeper. The keeper becomes the parent of
/// every descendant of the command whose own parent has gone; when the command has ended, it kills
/// those that are left, and removes the files that an mpirun which was killed leaves. So the
/// processes of the job are known, and no other child of rankrun is
/// taken for one: a shell that did `exec mpirun` may have left some.
///
/// The keeper has a session of its own: what a terminal sends reaches rankrun alone.
class keeper {
 public:
  /// What the command has as standard input, output and error.
  struct streams {
    int input;
    int output;
    int errors;
  };

  /// Starts the command, with the signals that `mask` leaves.
  ///
  /// Throws: system_error where the system has no process or pipe left.
  keeper(const command& job, const streams& given, const sigset_t& mask);

  /// Sends a signal to the command, if it has not ended.
  void send(int signal) const;

  /// Has all that is left of the job killed.
  void end_all() const;

  /// Looks whether the keeper has ended; then nothing of the job is left on this machine.
  bool has_ended();

  /// How the command has ended, as waitpid has it; none where it was killed at the end, or the
  /// keeper was.
  std::optional<int> wait_status() const { return wait_status_; }

 private:
  pid_t pid_ = -1;
  descriptor report_;
  std::optional<int> wait_status_;
};

}  // namespace rankwise::launcher
