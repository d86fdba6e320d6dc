// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cerrno>
#include <new>
#include <sys/mman.h>
#include <system_error>

namespace rankwise::sharing {

/// A number that this process and those that it forks have in common.
///
/// Local: no communication. Any thread of each of them may use it.
template <class Number>
class forked_number {
  static_assert(std::atomic<Number>::is_always_lock_free);

 public:
  /// Throws: std::system_error if there is no memory for it.
  explicit forked_number(Number initial) {
    void* const page =
        ::mmap(nullptr, sizeof *number_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED)  // NOLINT(performance-no-int-to-ptr): the system's own constant
      throw std::system_error(errno, std::generic_category(), "mmap");
    number_ = ::new (page) std::atomic<Number>(initial);
  }

  forked_number(const forked_number&) = delete;
  forked_number& operator=(const forked_number&) = delete;
  forked_number(forked_number&&) = delete;
  forked_number& operator=(forked_number&&) = delete;

  ~forked_number() { ::munmap(number_, sizeof *number_); }

  std::atomic<Number>& operator*() const { return *number_; }

 private:
  std::atomic<Number>* number_ = nullptr;
};

}  // namespace rankwise::sharing
