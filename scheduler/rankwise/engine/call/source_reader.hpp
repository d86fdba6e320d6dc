// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/types.hpp>
#include <rankwise/error.hpp>
#include <rankwise/process/write_now.hpp>
#include <rankwise/transport/machine.hpp>

#include <fmt/core.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unistd.h>
#include <utility>

namespace rankwise::engine {

/// Reads the source of a stream on a thread of its own, as far as it is allowed to.
class source_reader {
 public:
  /// `read(index)` reads the next item and stores it; it returns false at the end.
  source_reader(transport::machine& machine,
                std::function<bool(std::uint64_t)> read,
                bool is_quiet = false)
      : machine_(machine),
        is_quiet_(is_quiet),
        read_(std::move(read)),
        changed_(machine.new_condition()),
        thread_(machine.start([this] { run(); })) {}

  source_reader(const source_reader&) = delete;
  source_reader& operator=(const source_reader&) = delete;
  source_reader(source_reader&&) = delete;
  source_reader& operator=(source_reader&&) = delete;

  ~source_reader() {
    try {
      stop();
    } catch (...) {  // by the end of a simulated process: nobody waits any more
      thread_.reset();
    }
  }

  /// Items up to `end` may be read.
  void allow(std::uint64_t end) {
    if (allowed_.load(std::memory_order_relaxed) == end) return;
    allowed_ = end;
    if (!is_waiting_) return;
    const std::lock_guard held(waiting_);
    changed_->notify_all();
  }

  /// Items that were read so far. What `read` has done to them is seen by who asks this.
  std::uint64_t n_read() const { return n_read_; }

  /// The source has come to its end, or has thrown; `n_read` asked after this is final.
  bool is_over() const { return is_over_; }

  /// Reads no more, and waits for the item that is being read. Where that takes long, it says so,
  /// and `why` the stream has failed if it has.
  void stop(const std::string& why = {}) {
    if (!is_soon_over() && !(is_quiet_ && why.empty())) {
      const std::string text =
          why.empty() ? "rankwise: pool::stream is over, and waits for its source to return\n"
                      : fmt::format(
                            "rankwise: pool::stream has failed, and waits for its source "
                            "to return: {:.500}\n",
                            why);
      observe::write_now(STDERR_FILENO, text);
    }
    thread_.reset();
  }

  /// The same where nothing can go on: a source that does not return ends the process, which says
  /// `why`.
  void stop_or_end_process(const std::string& why) {
    if (!is_soon_over()) {
      machine_.end_process(static_cast<int>(exit_status::failed_job),
                           fmt::format("rankwise: {:.500}\n", why));
    }
    thread_.reset();
  }

  /// What the source has thrown; null: nothing. To be asked when it is over.
  std::exception_ptr failure() const { return is_over_ ? failure_ : nullptr; }

 private:
  /// Has the source asked for nothing more. Returns false if it does not return within a second.
  bool is_soon_over() {
    std::unique_lock held(waiting_);
    is_stopped_ = true;
    changed_->notify_all();
    const core::duration until = machine_.now() + std::chrono::seconds(1);
    while (!is_over_ && machine_.now() < until) changed_->wait_until(held, until);
    return is_over_;
  }

  void run() {
    try {
      for (std::uint64_t index = 0; wait_for_room(index) && read_(index); ++index)
        n_read_ = index + 1;
    } catch (...) {
      failure_ = std::current_exception();
    }
    const std::lock_guard held(waiting_);
    is_over_ = true;
    changed_->notify_all();
  }

  /// Returns false if nothing more is wanted.
  bool wait_for_room(std::uint64_t index) {
    if (index < allowed_ && !is_stopped_) return true;
    std::unique_lock held(waiting_);
    is_waiting_ = true;
    while (index >= allowed_ && !is_stopped_) changed_->wait(held);
    is_waiting_ = false;
    return !is_stopped_;
  }

  transport::machine& machine_;
  bool is_quiet_;
  std::function<bool(std::uint64_t)> read_;
  std::atomic<std::uint64_t> allowed_{0};
  std::atomic<std::uint64_t> n_read_{0};
  std::atomic<bool> is_waiting_{false};
  std::atomic<bool> is_stopped_{false};
  std::atomic<bool> is_over_{false};
  std::exception_ptr failure_;
  std::mutex waiting_;
  std::unique_ptr<transport::machine::condition> changed_;
  std::unique_ptr<transport::machine::thread> thread_;  // last: it uses the others
};

}  // namespace rankwise::engine
