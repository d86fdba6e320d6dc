// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/process/input_watch.hpp>
#include <rankwise/process/launcher.hpp>
#include <rankwise/process/standard_streams.hpp>

#include <fcntl.h>
#include <unistd.h>

namespace rankwise::engine {

/// What a program does before `main`, where code of its own may open files, read standard input and
/// start programs already.
struct before_main {
  before_main() {
    observe::open_closed_streams();
    const auto input = launcher_line::input_of_process();
    const bool is_root = launch_environment::of_process().rank() == 0;
    if (const auto launcher = launcher_line::of_process())
      launcher->say_now(launcher_words::present);
    if (is_root && input == launcher_line::input_closed) close_input();
    if (is_root && input == launcher_line::input_on_demand) input_watch::begin();
  }

 private:
  /// Reading fails, as it would without mpirun.
  static void close_input() {
    ::close(STDIN_FILENO);
    observe::open_closed_streams();
  }
};

// Before the static objects of the program, wherever the linker puts this.
[[gnu::init_priority(101)]] inline const before_main done_before_main;

}  // namespace rankwise::engine
