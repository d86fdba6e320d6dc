// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/types.hpp>
#include <rankwise/engine/call/end_listener.hpp>
#include <rankwise/engine/call/open_call.hpp>
#include <rankwise/engine/root/running_call.hpp>
#include <rankwise/error.hpp>
#include <rankwise/options.hpp>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace rankwise::engine {

/// The open calls of a job, one for each task and options under which it is submitted.
///
/// Local: no communication. What changes their running calls is called under the lock of the rank.
class open_calls {
 public:
  bool empty() const { return all_.empty(); }

  /// Null if there is none.
  open_call* find(std::uint64_t name_hash, const options& how) const {
    for (const opened& one : all_) {
      if (one.call->name_hash() == name_hash && one.how == how) return one.call.get();
    }
    return nullptr;
  }

  open_call& add(std::unique_ptr<open_call> made,
                 const options& how,
                 std::shared_ptr<running_call> running) {
    made->set_place(all_.size());
    all_.push_back({std::move(made), how, std::move(running)});
    return *all_.back().call;
  }

  /// Tells what waits for items that they are over.
  end_notices& notices() { return notices_; }

  running_call& running(const open_call& call) const { return *all_[call.place()].running; }

  /// The time counts from now on while items have not ended: no other call is.
  void count_time(core::duration at) {
    if (n_pending() == 0) return pause_time(at);
    if (!since_) since_ = at;
  }

  /// Another call is counted from now on.
  void pause_time(core::duration at) {
    if (since_) time_ += at - *since_;
    since_.reset();
  }

  /// Items that have not ended.
  std::uint64_t n_pending() const {
    std::uint64_t n = 0;
    for (const opened& one : all_) n += one.running->coordinator.n_pending();
    return n;
  }

  void cancel() {
    for (const opened& one : all_) one.running->coordinator.cancel();
  }

  /// They were cancelled, and all that was handed out has come back.
  bool are_done() const {
    return std::all_of(all_.begin(), all_.end(), [](const opened& one) {
      return one.running->coordinator.done();
    });
  }

  /// The failures that nobody has been told of; none if there are none.
  std::optional<task_error> unheard_failures() const {
    std::vector<task_failure> unheard;
    std::uint64_t n_items = 0;
    for (const opened& one : all_) {
      n_items += one.running->coordinator.options().n_items;
      for (const task_failure& failure : one.running->failures) {
        if (!one.call->is_heard(failure.index)) unheard.push_back(failure);
      }
    }
    if (unheard.empty()) return std::nullopt;
    return task_error(std::move(unheard), n_items);
  }

  /// Ends them all, each running one by `end_call`.
  template <class EndCall>
  void end(EndCall end_call) {
    for (const opened& one : all_) {
      one.running->counted_time = std::exchange(time_, {});
      end_call(*one.running);
      one.call->end();
    }
    all_.clear();
  }

 private:
  struct opened {
    std::unique_ptr<open_call> call;
    options how;
    std::shared_ptr<running_call> running;
  };

  std::vector<opened> all_;
  end_notices notices_;
  std::optional<core::duration> since_;  // when time counts
  core::duration time_{};                // before that
};

}  // namespace rankwise::engine
