// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/types.hpp>
#include <rankwise/transport/machine.hpp>

#include <algorithm>
#include <chrono>

namespace rankwise::transport {

/// How a thread waits for messages: it spins for some microseconds, then yields, then sleeps, each
/// time for a sixteenth of the time that it has waited. So a wait is at most that much too long,
/// and a rank that has been idle for a second wakes 200 times a second, for less than a hundredth
/// of a core. What a rank of the same host sends ends the sleep.
///
/// Local: no communication.
class backoff {
 public:
  /// Nothing has been to do yet.
  explicit backoff(machine& here) : machine_(&here) {}

  /// There was something to do at time `at`.
  void reset(core::duration at) { since_ = at; }

  /// How long nothing has been to do; `at` is now.
  core::duration idle(core::duration at) const { return at - since_; }

  /// Waits; `at` is now.
  void wait(core::duration at) const {
    const core::duration idle = at - since_;
    if (idle < spin_for) {
      machine_->spin();
    } else if (idle < yield_for) {
      machine_->yield();
    } else {
      machine_->doze(sleep_after(idle));
    }
  }

  /// How long to sleep after a wait of `idle`.
  static core::duration sleep_after(core::duration idle) {
    return std::clamp<core::duration>(
        idle / 16, std::chrono::microseconds(50), std::chrono::milliseconds(5));
  }

 private:
  static constexpr core::duration spin_for = std::chrono::microseconds(50);
  static constexpr core::duration yield_for = std::chrono::microseconds(200);

  machine* machine_;
  core::duration since_{};
};

}  // namespace rankwise::transport
