// SPDX-License-Identifier: MIT
#pragma once

#include <csetjmp>
#include <cstddef>
#include <cstdint>
#include <cxxabi.h>
#include <exception>
#include <functional>
#include <memory>
#include <ucontext.h>
#include <utility>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#endif
#if defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
#endif

namespace rankwise::sim {

/// Code on a stack of its own: it runs until it pauses, and goes on from there when it is resumed.
/// Entered by ucontext, and switched by longjmp, which asks nothing of the kernel (as QEMU's
/// coroutines do).
///
/// Local: all fibers that resume each other live in one thread.
class fiber {
 public:
  /// `body` must not throw.
  explicit fiber(std::function<void()> body)
      : body_(std::move(body)), stack_(std::make_unique_for_overwrite<std::byte[]>(stack_bytes)) {
    ::getcontext(&entry_);
    entry_.uc_stack.ss_sp = stack_.get();
    entry_.uc_stack.ss_size = stack_bytes;
    entry_.uc_link = nullptr;
    // makecontext passes ints: the address goes in two halves.
    const auto address = reinterpret_cast<std::uintptr_t>(this);
    ::makecontext(&entry_,
                  reinterpret_cast<void (*)()>(&fiber::enter),
                  2,
                  static_cast<unsigned>(address >> 32U),
                  static_cast<unsigned>(address));
#if defined(__SANITIZE_THREAD__)
    tsan_own_ = __tsan_create_fiber(0);
#endif
  }

  fiber(const fiber&) = delete;
  fiber& operator=(const fiber&) = delete;
  fiber(fiber&&) = delete;
  fiber& operator=(fiber&&) = delete;

  /// It must have ended.
  ~fiber() {
#if defined(__SANITIZE_THREAD__)
    __tsan_destroy_fiber(tsan_own_);
#endif
  }

  bool has_ended() const {
    return has_ended_;
  }

  /// Runs the code until it pauses or ends.
  void resume() {
    exchange_exceptions();
#if defined(__SANITIZE_THREAD__)
    tsan_resumer_ = __tsan_get_current_fiber();
    __tsan_switch_to_fiber(tsan_own_, 0);
#endif
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_start_switch_fiber(&resumer_fake_stack_, stack_.get(), stack_bytes);
#endif
    if (::_setjmp(resumer_) == 0) {
      if (has_begun_) ::_longjmp(own_, 1);
      has_begun_ = true;
      ::setcontext(&entry_);
    }
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_finish_switch_fiber(resumer_fake_stack_, nullptr, nullptr);
#endif
    exchange_exceptions();
  }

  /// Called by the code: whoever has resumed it goes on.
  void pause() {
    leave();
  }

 private:
  static constexpr std::size_t stack_bytes = std::size_t{256} << 10U;

  /// What the C++ runtime keeps of the exceptions that are being handled in a thread.
  struct exceptions {
    void* caught = nullptr;
    unsigned n_uncaught = 0;
  };

  static void enter(unsigned high, unsigned low) {
    auto* const mine =
        reinterpret_cast<fiber*>(static_cast<std::uintptr_t>(high) << 32U | std::uintptr_t{low});
    mine->arrive();
    mine->body_();
    mine->has_ended_ = true;
    mine->leave();
  }

  void leave() {
#if defined(__SANITIZE_THREAD__)
    __tsan_switch_to_fiber(tsan_resumer_, 0);
#endif
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_start_switch_fiber(
        has_ended_ ? nullptr : &own_fake_stack_, resumer_stack_, resumer_stack_bytes_);
#endif
    if (::_setjmp(own_) == 0) ::_longjmp(resumer_, 1);
    arrive();
  }

  void arrive() {
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_finish_switch_fiber(own_fake_stack_, &resumer_stack_, &resumer_stack_bytes_);
#endif
  }

  void exchange_exceptions() {
    auto* const of_thread = reinterpret_cast<exceptions*>(abi::__cxa_get_globals());
    std::swap(*of_thread, exceptions_);
  }

  std::function<void()> body_;
  std::unique_ptr<std::byte[]> stack_;
  ucontext_t entry_{};
  std::jmp_buf own_{};
  std::jmp_buf resumer_{};
  exceptions exceptions_;
  bool has_begun_ = false;
  bool has_ended_ = false;
#if defined(__SANITIZE_ADDRESS__)
  const void* resumer_stack_ = nullptr;
  std::size_t resumer_stack_bytes_ = 0;
  void* own_fake_stack_ = nullptr;
  void* resumer_fake_stack_ = nullptr;
#endif
#if defined(__SANITIZE_THREAD__)
  void* tsan_own_ = nullptr;
  void* tsan_resumer_ = nullptr;
#endif
};

}  // namespace rankwise::sim
