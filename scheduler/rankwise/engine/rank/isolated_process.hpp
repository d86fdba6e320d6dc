// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/listening_clock.hpp>
#include <rankwise/core/types.hpp>
#include <rankwise/engine/call/failure_text.hpp>
#include <rankwise/engine/call/task_threw.hpp>
#include <rankwise/engine/rank/rank_state.hpp>
#include <rankwise/engine/rank/task_end.hpp>
#include <rankwise/process/standard_streams.hpp>
#include <rankwise/threads/mutex.hpp>
#include <rankwise/transport/machine.hpp>
#include <rankwise/wire/buffer.hpp>

#include <fmt/core.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <exception>
#include <fcntl.h>
#include <functional>
#include <iostream>
#include <poll.h>
#include <span>
#include <stdexcept>
#include <string>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace rankwise::engine {

/// A child of this process that runs one task and answers through a pipe. The child has a copy of
/// all that the rank has in memory, and one thread; it calls no MPI, and leaves nothing behind.
///
/// Local: on the computing thread.
class isolated_process {
 public:
  /// Appends the answer of the task to a buffer; what it throws is the answer too.
  using task = std::function<void(wire::bytes&)>;

  /// Forks, between two polls of the rank's other thread.
  ///
  /// Throws: task_threw if the system has no process or pipe left.
  isolated_process(this_rank& rank, const task& run) RANKWISE_EXCLUDES(rank.lock) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) fail("pipe");
    answer_ = ends[0];
    // What is printed from here on is printed by one of the two, and what was before by none.
    std::cout.flush();
    const bool is_all_flushed = observe::flush_streams();
    const pid_t parent = ::getpid();
    {
      const threads::lock_scope held(rank.lock);
      pid_ = ::fork();
    }
    if (pid_ == 0) be_child(rank, parent, ends[1], is_all_flushed, run);
    ::close(ends[1]);
    if (pid_ < 0) fail("fork");
    ::fcntl(answer_, F_SETFL, O_NONBLOCK);
    process_ = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
  }

  isolated_process(const isolated_process&) = delete;
  isolated_process& operator=(const isolated_process&) = delete;
  isolated_process(isolated_process&&) = delete;
  isolated_process& operator=(isolated_process&&) = delete;

  ~isolated_process() {
    end();
    if (process_ >= 0) ::close(process_);
    if (answer_ >= 0) ::close(answer_);
  }

  /// Waits for the answer. The process is killed if `cancelled` says so, or after `limit` (0: none)
  /// of the time in which this process was not stopped itself.
  ///
  /// Throws: task_threw with what the task threw, or with why there is no answer.
  wire::bytes wait(transport::machine& machine,
                   core::duration limit,
                   const std::atomic<bool>& cancelled) {
    core::listening_clock clock(std::chrono::milliseconds(200));
    while (!take()) {
      if (cancelled) throw task_threw{"its result is not wanted any more"};
      if (clock.look(machine.now()) > limit && limit.count() != 0) throw took_too_long(limit);
      await();
    }
    if (head_.threw) throw failure_text::decode(content_);
    return std::move(content_);
  }

 private:
  /// The first bytes of an answer.
  struct answer_head {
    std::uint64_t length = 0;  ///< of what follows: a result, or a failure_text
    bool threw = false;
  };

  static constexpr std::chrono::milliseconds look_every{20};

  [[noreturn]] void fail(const char* what) const {
    const int error = errno;
    if (answer_ >= 0) ::close(answer_);
    throw task_threw{
        fmt::format("no process could be made for it: {}: {}", what, std::strerror(error))};
  }

  /// If not all was flushed, what its parent has written to other streams is flushed there.
  [[noreturn]] static void be_child(this_rank& rank,
                                    pid_t parent,
                                    int answer,
                                    bool is_all_flushed,
                                    const task& run) RANKWISE_EXCLUDES(rank.lock) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(1);
    task_end::leave_to_parent();
    refuse_messages(rank);
    std::signal(SIGTERM, SIG_DFL);
    go_first_if_memory_is_short();
    answer_head head;
    wire::bytes bytes(sizeof head);
    try {
      run(bytes);
    } catch (...) {
      head.threw = true;
      const std::vector<std::byte> text = failure_text::encode(describe_exception());
      bytes.resize(sizeof head);
      wire::append(bytes, text.data(), text.size());
    }
    head.length = bytes.size() - sizeof head;
    std::memcpy(bytes.data(), &head, sizeof head);
    std::cout.flush();
    std::fflush(is_all_flushed ? nullptr : stdout);
    for (std::span<const std::byte> rest(bytes); !rest.empty();) {
      const ssize_t n = ::write(answer, rest.data(), rest.size());
      if (n < 0 && errno != EINTR) ::_exit(1);
      if (n > 0) rest = rest.subspan(static_cast<std::size_t>(n));
    }
    ::_exit(0);
  }

  /// What the rank says to others is the rank's own.
  static void refuse_messages(this_rank& rank) RANKWISE_EXCLUDES(rank.lock) {
    const threads::lock_scope held(rank.lock);
    rank.state.failure = std::make_exception_ptr(
        std::logic_error("a task that is isolated can't send messages to other ranks"));
  }

  /// The rank, which holds the results of others, is to stay.
  static void go_first_if_memory_is_short() {
    const int file = ::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (file < 0) return;
    [[maybe_unused]] const auto written = ::write(file, "1000", 4);
    ::close(file);
  }

  /// Takes what has been answered; whether that is all.
  ///
  /// Throws: task_threw if the process has ended without an answer.
  bool take() {
    const bool has_ended = is_over();
    if (n_head_ < sizeof head_) {
      n_head_ += take({reinterpret_cast<std::byte*>(&head_) + n_head_, sizeof head_ - n_head_});
      if (n_head_ == sizeof head_) content_.resize(head_.length);
    }
    if (n_head_ == sizeof head_) {
      n_content_ += take({content_.data() + n_content_, content_.size() - n_content_});
      if (n_content_ == content_.size()) return true;
    }
    if (has_ended || is_closed_) throw task_threw{describe(end())};
    return false;
  }

  /// Reads as much of `place` as is there; returns how much.
  std::size_t take(std::span<std::byte> place) {
    std::size_t taken = 0;
    while (taken != place.size()) {
      const ssize_t n = ::read(answer_, place.data() + taken, place.size() - taken);
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) {
        is_closed_ = n == 0;
        break;
      }
      taken += static_cast<std::size_t>(n);
    }
    return taken;
  }

  /// Whether the process has ended: what it has answered is there.
  bool is_over() const {
    pollfd watched{process_, POLLIN, 0};
    return ::poll(&watched, 1, 0) > 0;
  }

  void await() const {
    std::array<pollfd, 2> watched{pollfd{answer_, POLLIN, 0}, pollfd{process_, POLLIN, 0}};
    ::poll(watched.data(), watched.size(), static_cast<int>(look_every.count()));
  }

  /// Kills the process if it runs; returns how it has ended, as waitpid has it.
  int end() {
    int status = 0;
    if (pid_ <= 0) return status;
    if (!is_over()) ::kill(pid_, SIGKILL);
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = 0;
    return status;
  }

  static std::string describe(int status) {
    if (!WIFSIGNALED(status))
      return fmt::format("its process ended with status {}, without a result", WEXITSTATUS(status));
    const char* const name = ::sigabbrev_np(WTERMSIG(status));
    return fmt::format(
        "its process was ended by {}",
        name == nullptr ? fmt::format("signal {}", WTERMSIG(status)) : fmt::format("SIG{}", name));
  }

  pid_t pid_ = 0;
  int process_ = -1;
  int answer_ = -1;
  answer_head head_;
  std::size_t n_head_ = 0;  // bytes of it that have come
  wire::bytes content_;
  std::size_t n_content_ = 0;
  bool is_closed_ = false;  // nothing more comes
};

}  // namespace rankwise::engine
