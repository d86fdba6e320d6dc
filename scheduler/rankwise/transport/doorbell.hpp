// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/types.hpp>

#include <fmt/core.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <fcntl.h>
#include <linux/futex.h>
#include <new>
#include <optional>
#include <string>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <utility>

namespace rankwise::transport {

/// What wakes a rank that sleeps, when another rank of its host has sent it something: a word in
/// memory that both see. The memory has no name anywhere, and is gone with the last process that
/// uses it. Nobody holds anything: either side may end at any time.
///
/// Local: no communication but by that word. Any thread may ring; one waits.
class doorbell {
 public:
  /// A new one, of this process; none if the system gives none.
  static std::optional<doorbell> make() {
    const int descriptor = ::memfd_create("rankwise doorbell", MFD_CLOEXEC);
    if (descriptor < 0) return std::nullopt;
    if (::ftruncate(descriptor, sizeof(content)) != 0) {
      ::close(descriptor);
      return std::nullopt;
    }
    std::optional<doorbell> made = map(descriptor);
    if (made) made->content_ = new (made->content_) content;
    return made;
  }

  /// That of another process, which has it under `descriptor`; none if it can't be reached.
  static std::optional<doorbell> reach(std::uint64_t process, int descriptor) {
    const std::string path = fmt::format("/proc/{}/fd/{}", process, descriptor);
    const int opened = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
    if (opened < 0) return std::nullopt;

    struct stat found {};

    if (::fstat(opened, &found) != 0 || found.st_size != sizeof(content)) {
      ::close(opened);
      return std::nullopt;
    }
    std::optional<doorbell> reached = map(opened);
    if (!reached || reached->content_->magic != content().magic) return std::nullopt;
    ::close(std::exchange(reached->descriptor_, -1));
    return reached;
  }

  doorbell(doorbell&& other) noexcept
      : descriptor_(std::exchange(other.descriptor_, -1)),
        content_(std::exchange(other.content_, nullptr)) {}

  doorbell(const doorbell&) = delete;
  doorbell& operator=(const doorbell&) = delete;
  doorbell& operator=(doorbell&&) = delete;

  ~doorbell() {
    if (content_ != nullptr) ::munmap(content_, sizeof(content));
    if (descriptor_ >= 0) ::close(descriptor_);
  }

  /// For `reach`, in other processes, as long as this lives.
  int descriptor() const { return descriptor_; }

  /// Wakes who waits, if anybody does.
  void ring() const {
    std::atomic<std::uint32_t>& state = content_->state;
    if (state.load(std::memory_order_relaxed) != waiting) return;
    // The first one wakes, the others need not.
    if (state.exchange(awake) == waiting) futex(FUTEX_WAKE, 1, nullptr);
  }

  /// Waits until somebody rings, for `time` at most. The first time, and the first time after a
  /// ring, it returns at once: nobody rings for what was sent before, which the caller may not have
  /// seen yet.
  void wait(core::duration time) const {
    if (content_->state.load(std::memory_order_relaxed) != waiting) {
      content_->state.store(waiting);
      return;
    }
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time);
    timespec most{};
    most.tv_sec = static_cast<std::time_t>(seconds.count());
    most.tv_nsec = static_cast<long>(std::chrono::nanoseconds(time - seconds).count());
    futex(FUTEX_WAIT, waiting, &most);
  }

 private:
  static constexpr std::uint32_t awake = 0;
  static constexpr std::uint32_t waiting = 1;

  struct content {
    std::atomic<std::uint32_t> state{awake};
    std::uint32_t magic = 0x6c6c6562;
  };

  static_assert(std::atomic<std::uint32_t>::is_always_lock_free);
  static_assert(sizeof(std::atomic<std::uint32_t>) == sizeof(std::uint32_t));

  doorbell(int descriptor, content* mapped) : descriptor_(descriptor), content_(mapped) {}

  /// Takes the descriptor.
  static std::optional<doorbell> map(int descriptor) {
    void* const mapped =
        ::mmap(nullptr, sizeof(content), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    if (mapped == MAP_FAILED) {
      ::close(descriptor);
      return std::nullopt;
    }
    return doorbell(descriptor, static_cast<content*>(mapped));
  }

  /// Source: futex(2). Where it fails, who waits looks once more.
  void futex(int operation, std::uint32_t value, const timespec* time) const {
#ifdef SYS_futex_time64  // systems of 32 bits, some of which count time in 64
    constexpr long number = sizeof(time->tv_sec) == 8 ? SYS_futex_time64 : SYS_futex;
#else
    constexpr long number = SYS_futex;
#endif
    ::syscall(number, &content_->state, operation, value, time, nullptr, 0);
  }

  int descriptor_;
  content* content_;
};

}  // namespace rankwise::transport
