// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/threads/annotations.hpp>

#include <functional>
#include <mutex>
#include <utility>

namespace rankwise::threads {

/// A std::mutex whose use Clang checks: see RANKWISE_GUARDED_BY.
class RANKWISE_CAPABILITY mutex {
 public:
  mutex() = default;

  /// `before_lock` is called, if it is there, by each thread that is about to take the lock: a
  /// simulation lets other threads run there.
  explicit mutex(std::function<void()> before_lock) : before_lock_(std::move(before_lock)) {}

  void lock() RANKWISE_ACQUIRE() {
    if (before_lock_) before_lock_();
    mutex_.lock();
  }

  void unlock() RANKWISE_RELEASE() { mutex_.unlock(); }

 private:
  std::function<void()> before_lock_;
  std::mutex mutex_;
};

/// Holds a mutex for as long as it lives.
class RANKWISE_SCOPED_CAPABILITY lock_scope {
 public:
  explicit lock_scope(mutex& held) RANKWISE_ACQUIRE(held) : mutex_(&held) { mutex_->lock(); }

  lock_scope(const lock_scope&) = delete;
  lock_scope& operator=(const lock_scope&) = delete;
  lock_scope(lock_scope&&) = delete;
  lock_scope& operator=(lock_scope&&) = delete;

  ~lock_scope() RANKWISE_RELEASE() { mutex_->unlock(); }

 private:
  mutex* mutex_;
};

}  // namespace rankwise::threads
