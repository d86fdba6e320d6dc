// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/types.hpp>
#include <rankwise/random.hpp>
#include <rankwise/sim/fiber.hpp>

#include <algorithm>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <queue>
#include <utility>
#include <vector>

namespace rankwise::sim {

/// The process whose code is running has been killed. It is thrown wherever that code waits.
class process_killed : public std::exception {
 public:
  const char* what() const noexcept override { return "this process has been killed"; }
};

/// What has befallen a simulated process.
struct process_state {
  bool is_dead = false;
  core::duration frozen_until{};
  core::duration slow_until{};
  double slowness = 1;  ///< until then its tasks take so many times as long
};

/// Virtual time, and the threads of simulated processes in it, each on a fiber. One of them runs at
/// a time, until it waits; what happens at one moment happens in an order of chance.
///
/// Local: one thread of the operating system; the same seed gives the same run.
class timeline {
 public:
  /// A thread of a simulated process.
  class thread {
   public:
    thread(timeline& time, process_state& process, std::function<void()> work)
        : process_(&process), code_([this, &time, work = std::move(work)] {
            try {
              if (!process_->is_dead) work();
            } catch (const process_killed&) {
              // Its process has ended, and it with it.
            }
            for (thread* const one : joining_) time.wake(*one);
          }) {}

    bool has_ended() const { return code_.has_ended(); }

   private:
    friend class timeline;
    process_state* process_;
    std::uint64_t n_wakes_ = 0;
    std::vector<thread*> joining_;  // those that wait for its end
    fiber code_;
  };

  explicit timeline(std::uint64_t seed) : chance_(seed, 0) {}

  timeline(const timeline&) = delete;
  timeline& operator=(const timeline&) = delete;
  timeline(timeline&&) = delete;
  timeline& operator=(timeline&&) = delete;
  ~timeline() = default;

  core::duration now() const { return now_; }

  /// A number from 0 to `most`.
  std::uint64_t up_to(std::uint64_t most) { return chance_() % (most + 1); }

  bool one_in(std::uint64_t n) { return up_to(n - 1) == 0; }

  std::uint64_t n_events() const { return n_events_; }

  thread& start(process_state& process, std::function<void()> work) {
    threads_.push_back(std::make_unique<thread>(*this, process, std::move(work)));
    wake(*threads_.back());
    return *threads_.back();
  }

  /// `what` happens at `time`, to nobody's time.
  void at(core::duration time, std::function<void()> what) { push(time, nullptr, std::move(what)); }

  // Of the thread that runs.

  /// Throws: process_killed.
  void sleep(core::duration time) {
    thread& mine = *running_;
    require_alive(mine);
    push(now_ + std::max(time, core::duration{}), &mine, {});
    pause(mine);
    require_alive(mine);
  }

  /// Waits until `wake` is called for it, or until `limit`.
  ///
  /// Throws: process_killed.
  void wait(const core::duration* limit = nullptr) {
    thread& mine = *running_;
    require_alive(mine);
    if (limit != nullptr) push(*limit, &mine, {});
    pause(mine);
    require_alive(mine);
  }

  /// Now and then lets others run, in no time. It never throws.
  void interleave() {
    if (running_ == nullptr || !one_in(4)) return;
    thread& mine = *running_;
    push(now_, &mine, {});
    pause(mine);
  }

  void join(thread& other) {
    while (!other.has_ended()) {
      other.joining_.push_back(running_);
      pause(*running_);
    }
  }

  thread* running() const { return running_; }

  void wake(thread& other) { push(now_, &other, {}); }

  /// The threads of `process` end where they wait.
  void kill(process_state& process) {
    process.is_dead = true;
    for (const auto& one : threads_) {
      if (one->process_ == &process && one.get() != running_ && !one->has_ended()) wake(*one);
    }
  }

  /// Goes on until `is_over`, until nothing can happen, or until `deadline`. Returns whether it is
  /// over.
  template <class Condition>
  bool run(core::duration deadline, Condition is_over) {
    while (!is_over()) {
      if (events_.empty() || now_ > deadline || n_events_ > most_events) return false;
      step();
    }
    return true;
  }

  /// The thread that runs is of a process that has been killed.
  bool is_dead() const { return running_ != nullptr && running_->process_->is_dead; }

 private:
  static constexpr std::uint64_t most_events = 3'000'000;

  struct event {
    core::duration time{};
    std::uint64_t order = 0;
    thread* who = nullptr;
    std::uint64_t n_wakes = 0;  // of the thread; it is another one once the thread has gone on
    std::function<void()> what = {};

    bool operator<(const event& other) const {
      return time != other.time ? time > other.time : order > other.order;
    }
  };

  void push(core::duration time, thread* who, std::function<void()> what) {
    const std::uint64_t order = (std::uint64_t{chance_()} << 32U) + ++n_pushed_;
    events_.push({time, order, who, who == nullptr ? 0 : who->n_wakes_, std::move(what)});
  }

  static void require_alive(const thread& mine) {
    if (mine.process_->is_dead) throw process_killed();
  }

  static void pause(thread& mine) { mine.code_.pause(); }

  void step() {
    event next = events_.top();
    events_.pop();
    if (next.who != nullptr && (next.who->n_wakes_ != next.n_wakes || next.who->has_ended()))
      return;
    now_ = std::max(now_, next.time);
    ++n_events_;
    if (next.who == nullptr) {
      next.what();
      return;
    }
    const process_state& process = *next.who->process_;
    if (now_ < process.frozen_until && !process.is_dead) {
      push(process.frozen_until, next.who, {});
      return;
    }
    ++next.who->n_wakes_;
    running_ = next.who;
    next.who->code_.resume();
    running_ = nullptr;
  }

  random_stream chance_;
  core::duration now_ = std::chrono::seconds(1000);
  std::uint64_t n_pushed_ = 0;
  std::uint64_t n_events_ = 0;
  std::priority_queue<event> events_;
  std::vector<std::unique_ptr<thread>> threads_;
  thread* running_ = nullptr;
};

}  // namespace rankwise::sim
