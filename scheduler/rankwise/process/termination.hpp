// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/process/write_now.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <ctime>
#include <string_view>
#include <unistd.h>

namespace rankwise::engine {

/// While it lives, the root can say how far it was when the job is ended from outside. Where a rank
/// has died mpirun sends SIGCONT to those who are left, a second later SIGTERM, and SIGKILL right
/// after: so the words are prepared at the first, and written by the handler of the second. A
/// process that gets SIGTERM alone prepares them then. Handlers that the program has set itself
/// stay.
///
/// Local: one at a time in a process.
class termination {
 public:
  termination() {
    is_ours_ = is_default(SIGTERM) && is_default(SIGCONT);
    if (!is_ours_) return;
    shared().length = 0;
    set(SIGCONT, [](int) { shared().asked = 1; });
    set(SIGTERM, [](int) {
      if (shared().length != 0) follow();
      shared().asked = 1;
      shared().is_over = 1;
    });
  }

  termination(const termination&) = delete;
  termination& operator=(const termination&) = delete;
  termination(termination&&) = delete;
  termination& operator=(termination&&) = delete;

  ~termination() {
    if (!is_ours_) return;
    shared().length = 0;
    std::signal(SIGCONT, SIG_DFL);
    std::signal(SIGTERM, SIG_DFL);
    if (shared().is_over != 0) std::raise(SIGTERM);
  }

  /// Whether words are wanted; asked often.
  static bool asks_for_words() { return shared().asked != 0; }

  /// These are the words; does not return where the process has been told to end.
  static void prepare(std::string_view words) {
    words_and_flags& all = shared();
    all.asked = 0;
    const std::size_t length = std::min(words.size(), all.words.size());
    std::copy_n(words.begin(), length, all.words.begin());
    all.length = length;
    if (all.is_over != 0) follow();
  }

  /// What was prepared is true no more.
  static void forget() { shared().length = 0; }

 private:
  struct words_and_flags {
    std::array<char, 1024> words{};
    std::atomic<std::size_t> length = 0;
    volatile std::sig_atomic_t asked = 0;
    volatile std::sig_atomic_t is_over = 0;
  };

  static words_and_flags& shared() {
    static constinit words_and_flags all;
    return all;
  }

  static bool is_default(int signal) {
    struct sigaction now {};

    ::sigaction(signal, nullptr, &now);
    return (now.sa_flags & SA_SIGINFO) == 0 && now.sa_handler == SIG_DFL;
  }

  static void set(int signal, void (*handler)(int)) {
    struct sigaction ours {};

    ours.sa_handler = handler;
    ours.sa_flags = SA_RESTART;
    ::sigaction(signal, &ours, nullptr);
  }

  /// Says the words, and ends this process as SIGTERM does; mpirun, which ends with its last
  /// process, gets a moment to pass them on. For a handler as well.
  static void follow() {
    const words_and_flags& all = shared();
    observe::write_now(STDERR_FILENO, {all.words.data(), all.length});
    constexpr timespec moment{0, 200'000'000};
    ::nanosleep(&moment, nullptr);
    std::signal(SIGTERM, SIG_DFL);
    std::raise(SIGTERM);
  }

  bool is_ours_ = false;
};

}  // namespace rankwise::engine
