// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/types.hpp>
#include <rankwise/error.hpp>
#include <rankwise/process/standard_streams.hpp>
#include <rankwise/task.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <unistd.h>

namespace rankwise::engine {

/// While it lives, a task that ends its process, by exit() or by a crash, is named on stderr. What
/// follows is as without it: the handler that was there before, or the signal's default with its
/// core dump. An exit() of a task never ends a process with status 0.
///
/// Local: one at a time in a process, on the thread that runs tasks.
class task_end {
 public:
  task_end(const rank_context& context, bool others_work) {
    words& all = shared();
    all.where = fmt::format(" on rank {} ({}) ", static_cast<int>(context.rank), context.host);
    all.hint = context.rank == root_rank && others_work
                   ? "; the job ends with its root (--no-root-work keeps tasks off it)\n"
                   : "\n";
    all.process = ::getpid();
    all.context.store(&context);
    [[maybe_unused]] static const bool is_heard = [] {
#ifdef __GLIBC__
      return ::on_exit([](int status, void* /*unused*/) { on_exit_of_process(status); }, nullptr);
#else
      return std::atexit([] { on_exit_of_process(-1); });
#endif
    }() == 0;
    // A task that has used up its stack needs another one to say so.
    stack_t own{};
    own.ss_sp = stack_.data();
    own.ss_size = stack_.size();
    ::sigaltstack(&own, &stack_before_);
    for (std::size_t i = 0; i < crashes.size(); ++i) {
      struct sigaction ours {};

      ours.sa_sigaction = on_crash;
      ours.sa_flags = SA_SIGINFO | SA_ONSTACK;
      ::sigaction(crashes[i].signal, &ours, &all.before[i]);
    }
  }

  task_end(const task_end&) = delete;
  task_end& operator=(const task_end&) = delete;
  task_end(task_end&&) = delete;
  task_end& operator=(task_end&&) = delete;

  ~task_end() {
    for (std::size_t i = 0; i < crashes.size(); ++i) {
      struct sigaction now {};

      ::sigaction(crashes[i].signal, nullptr, &now);
      if ((now.sa_flags & SA_SIGINFO) != 0 && now.sa_sigaction == on_crash)
        ::sigaction(crashes[i].signal, &shared().before[i], nullptr);
    }
    ::sigaltstack(&stack_before_, nullptr);
    shared().context.store(nullptr);
  }

  /// This process is a child of the rank, for one task: what becomes of it, its parent says. If the
  /// task calls exit() or crashes, nothing runs that the rank has asked for at its own end.
  static void leave_to_parent() {
    shared().is_child = true;
    for (const crash& one : crashes) std::signal(one.signal, SIG_DFL);
  }

 private:
  struct crash {
    int signal;
    std::string_view name;
  };

  static constexpr std::array<crash, 5> crashes{{{SIGSEGV, "SIGSEGV"},
                                                 {SIGBUS, "SIGBUS"},
                                                 {SIGFPE, "SIGFPE"},
                                                 {SIGILL, "SIGILL"},
                                                 {SIGABRT, "SIGABRT"}}};

  struct words {
    std::atomic<const rank_context*> context{nullptr};
    std::string where;
    std::string hint;
    pid_t process = 0;
    bool is_child = false;
    std::array<struct sigaction, crashes.size()> before{};
  };

  static words& shared() {
    static words& all = *new words;  // for good: a process may end at any time
    return all;
  }

  /// A line that is put together without memory from the heap.
  class line {
   public:
    line& add(std::string_view text) {
      const std::size_t n = std::min(text.size(), text_.size() - size_);
      std::copy_n(text.begin(), n, text_.begin() + static_cast<std::ptrdiff_t>(size_));
      size_ += n;
      return *this;
    }

    line& add(std::uint64_t number) {
      std::array<char, 20> digits{};
      std::size_t first = digits.size();
      do {
        digits[--first] = static_cast<char>('0' + number % 10);
        number /= 10;
      } while (number != 0);
      return add({digits.data() + first, digits.size() - first});
    }

    // Nothing can be done where stderr is gone.
    void say() const {
      [[maybe_unused]] const auto written = ::write(STDERR_FILENO, text_.data(), size_);
    }

   private:
    std::array<char, 512> text_{};
    std::size_t size_ = 0;
  };

  /// Begins the line where a task of this process is under way; false where none is.
  static bool begin(line& text) {
    const words& all = shared();
    const rank_context* const context = all.context.load();
    if (context == nullptr || all.process != ::getpid() || !context->is_in_chunk.load())
      return false;
    const std::uint64_t item = context->running.load();
    if (item == rank_context::no_item) return false;
    text.add("rankwise: task ").add(item).add(all.where);
    return true;
  }

  static void on_exit_of_process(int status) {
    if (shared().is_child) {
      std::fflush(nullptr);
      ::_exit(std::max(status, 0));
    }
    line text;
    if (!begin(text)) return;
    text.add("called exit(");
    if (status >= 0) text.add(static_cast<std::uint64_t>(status));
    text.add(")").add(shared().hint).say();
    if (status != 0) return;
    observe::flush_streams();
    ::_exit(static_cast<int>(exit_status::failed_job));
  }

  static void on_crash(int signal, siginfo_t* info, void* /*context*/) {
    line text;
    const bool in_task = begin(text);
    for (std::size_t i = 0; i < crashes.size(); ++i) {
      if (crashes[i].signal != signal) continue;
      if (in_task) text.add("was ended by ").add(crashes[i].name).add(shared().hint).say();
      ::sigaction(signal, &shared().before[i], nullptr);
    }
    // What faults does so again on return, where it stands; what somebody has sent is sent again.
    if (info->si_code <= 0) ::raise(signal);
  }

  std::array<std::byte, std::size_t{64} << 10U> stack_{};
  stack_t stack_before_{};
};

}  // namespace rankwise::engine
