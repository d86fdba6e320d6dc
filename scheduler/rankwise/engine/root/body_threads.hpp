// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/transport/machine.hpp>

#include <algorithm>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

namespace rankwise::engine {

/// The threads of a body that wait for its ranks. One of them works: it takes messages, and runs
/// the root's own tasks. The others sleep until what they wait for is there, or until nobody works.
///
/// Local: no communication. All but `sleeper::sleep` is called under the lock of the rank.
class body_threads {
 public:
  /// A thread that waits while another one works.
  class sleeper {
   public:
    /// It waits until `is_over`, which is asked under the lock of the rank. If it `is_urgent` the
    /// one that works is to make room for it.
    sleeper(transport::machine& machine, const std::function<bool()>& is_over, bool is_urgent)
        : is_over_(is_over), is_urgent_(is_urgent), changed_(machine.new_condition()) {}

    /// Returns once it has been woken.
    void sleep() {
      std::unique_lock held(lock_);
      while (!is_awake_) changed_->wait(held);
    }

   private:
    friend class body_threads;

    void wake() {
      const std::lock_guard held(lock_);
      is_awake_ = true;
      changed_->notify_all();
    }

    const std::function<bool()>& is_over_;
    const bool is_urgent_;
    std::mutex lock_;
    bool is_awake_ = false;
    std::unique_ptr<transport::machine::condition> changed_;
  };

  /// Made by the body's own thread.
  explicit body_threads(const transport::machine& machine)
      : machine_(machine), own_(machine.this_thread()) {}

  /// Whether the thread that asks is the one that the body runs on.
  bool is_own() const { return machine_.this_thread() == own_; }

  /// Whether the thread that asks works: then it is in a task, or in a sink.
  bool is_at_work() const { return machine_.this_thread() == worker_; }

  bool is_idle() const { return worker_ == nullptr; }

  /// The thread that asks works from now on; false if another one does, or is to come first.
  bool begin_work(bool is_urgent) {
    if (worker_ != nullptr || (has_urgent() && !is_urgent)) return false;
    worker_ = machine_.this_thread();
    return true;
  }

  void end_work() {
    worker_ = nullptr;
    for (sleeper* const one : sleepers_) one->wake();
  }

  void add(sleeper& one) {
    sleepers_.push_back(&one);
    if (worker_ == nullptr) one.wake();
  }

  void remove(const sleeper& one) { std::erase(sleepers_, &one); }

  /// Whoever works is to make room for another thread.
  bool has_urgent() const {
    return std::any_of(
        sleepers_.begin(), sleepers_.end(), [](const sleeper* one) { return one->is_urgent_; });
  }

  /// Wakes those whose wait is over.
  void look() const {
    for (sleeper* const one : sleepers_) {
      if (one->is_over_()) one->wake();
    }
  }

 private:
  const transport::machine& machine_;
  const void* own_;
  const void* worker_ = nullptr;  // null: nobody works
  std::vector<sleeper*> sleepers_;
};

}  // namespace rankwise::engine
