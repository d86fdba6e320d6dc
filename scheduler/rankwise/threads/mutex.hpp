// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/threads/annotations.hpp>

#include <mutex>

namespace rankwise::threads {

/// A std::mutex whose use Clang checks: see RANKWISE_GUARDED_BY.
class RANKWISE_CAPABILITY mutex {
 public:
  void lock() RANKWISE_ACQUIRE() { mutex_.lock(); }

  void unlock() RANKWISE_RELEASE() { mutex_.unlock(); }

 private:
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
