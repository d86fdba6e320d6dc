// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/types.hpp>
#include <rankwise/process/process_watch.hpp>
#include <rankwise/process/write_now.hpp>

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string_view>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <utility>

namespace rankwise::transport {

/// What a rank asks of the machine that it runs on: the time, threads, chance, and the ends of
/// processes. This class is the real machine; a simulation derives one with a time of its own.
///
/// Local: no communication. Any thread of the rank may call it.
class machine {
 public:
  /// A thread. The destructor waits for its end.
  class thread {
   public:
    thread() = default;
    thread(const thread&) = delete;
    thread& operator=(const thread&) = delete;
    thread(thread&&) = delete;
    thread& operator=(thread&&) = delete;
    virtual ~thread() = default;
  };

  /// Where threads wait for each other, as std::condition_variable.
  class condition {
   public:
    condition() = default;
    condition(const condition&) = delete;
    condition& operator=(const condition&) = delete;
    condition(condition&&) = delete;
    condition& operator=(condition&&) = delete;
    virtual ~condition() = default;

    virtual void wait(std::unique_lock<std::mutex>& held) = 0;

    /// Waits no longer than until `time` on the clock of the machine.
    virtual void wait_until(std::unique_lock<std::mutex>& held, core::duration time) = 0;

    virtual void notify_all() = 0;
  };

  machine() = default;
  machine(const machine&) = delete;
  machine& operator=(const machine&) = delete;
  machine(machine&&) = delete;
  machine& operator=(machine&&) = delete;
  virtual ~machine() = default;

  /// The machine that this process runs on.
  static machine& here() {
    static machine real;
    return real;
  }

  /// The steady clock.
  virtual core::duration now() const { return std::chrono::steady_clock::now().time_since_epoch(); }

  /// One round of a loop that waits for less than a thread can yield in.
  virtual void spin() {}

  /// Lets other threads run.
  virtual void yield() { std::this_thread::yield(); }

  virtual void sleep(core::duration time) { std::this_thread::sleep_for(time); }

  /// Sleeps for `time` at most, as a rank does that has found no message. If another rank of this
  /// machine sends one meanwhile, it may end that. It may return at once, so that its caller looks
  /// once more.
  virtual void doze(core::duration time) { sleep(time); }

  /// An address that tells the thread that asks from all others that live.
  virtual const void* this_thread() const {
    static thread_local char mark;
    return &mark;
  }

  /// Starts a thread that does `work`.
  virtual std::unique_ptr<thread> start(std::function<void()> work) {
    return std::make_unique<real_thread>(std::move(work));
  }

  virtual std::unique_ptr<condition> new_condition() { return std::make_unique<real_condition>(); }

  /// What a thread does before it takes a lock that it shares with another one; empty: nothing.
  virtual std::function<void()> before_lock() { return {}; }

  /// A number that nobody can know beforehand.
  virtual std::uint64_t draw() {
    std::uint64_t number = 0;
    if (::getentropy(&number, sizeof number) != 0)
      throw std::system_error(errno, std::generic_category(), "random numbers of the system");
    return number;
  }

  /// Ends the process of the rank at once; `last_words` are for people.
  [[noreturn]] void end_process(int status, std::string_view last_words = {}) {
    on_end_process(last_words);
    ::_exit(status);
  }

  /// What notices the ends of processes that run on this machine.
  virtual std::unique_ptr<engine::process_watch> new_process_watch() {
    return std::make_unique<engine::process_watch>();
  }

 protected:
  /// The process of the rank is about to end; a simulation throws.
  virtual void on_end_process(std::string_view last_words) {
    if (!last_words.empty()) observe::write_now(STDERR_FILENO, last_words);
  }

 private:
  class real_thread final : public thread {
   public:
    explicit real_thread(std::function<void()> work) : thread_(std::move(work)) {}

    real_thread(const real_thread&) = delete;
    real_thread& operator=(const real_thread&) = delete;
    real_thread(real_thread&&) = delete;
    real_thread& operator=(real_thread&&) = delete;

    ~real_thread() override { thread_.join(); }

   private:
    std::thread thread_;
  };

  class real_condition final : public condition {
   public:
    void wait(std::unique_lock<std::mutex>& held) override { changed_.wait(held); }

    void wait_until(std::unique_lock<std::mutex>& held, core::duration time) override {
      using clock = std::chrono::steady_clock;
      changed_.wait_until(held,
                          clock::time_point(std::chrono::duration_cast<clock::duration>(time)));
    }

    void notify_all() override { changed_.notify_all(); }

   private:
    std::condition_variable changed_;
  };
};

}  // namespace rankwise::transport
