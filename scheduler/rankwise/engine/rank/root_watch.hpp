// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/listening_clock.hpp>
#include <rankwise/core/types.hpp>
#include <rankwise/engine/rank/loss_settings.hpp>
#include <rankwise/process/process_watch.hpp>
#include <rankwise/rank.hpp>
#include <rankwise/transport/machine.hpp>

#include <fmt/core.h>

#include <chrono>
#include <memory>
#include <string>

namespace rankwise::engine {

/// How a worker of a job that survives losses notices that the root is lost: by its process, if
/// that is on this host, or by its silence.
///
/// Local: time is told by the caller.
class root_watch {
 public:
  root_watch(const loss_settings& losses, transport::machine& machine)
      : timeout_(losses.timeout),
        clock_(losses.timeout / 4),
        process_(machine.new_process_watch()) {
    if (losses.survives() && !losses.processes.empty())
      process_->add(root_rank, losses.processes.front());
  }

  /// The root has said something.
  void on_message(core::duration at) { heard_at_ = clock_.look(at); }

  /// Why the root is lost; empty if it is not.
  std::string on_poll(core::duration at) {
    const core::duration silence = clock_.look(at) - heard_at_;
    if (at < next_check_) return {};
    next_check_ = at + check_interval;
    if (!process_->ended().empty()) return "the root's process has ended";
    if (silence <= timeout_) return {};
    return fmt::format("the root has been silent for {:.0f} s",
                       std::chrono::duration<double>(timeout_).count());
  }

 private:
  static constexpr core::duration check_interval = std::chrono::milliseconds(100);

  core::duration timeout_;
  core::listening_clock clock_;
  core::duration heard_at_{};  // by that clock
  core::duration next_check_{};
  std::unique_ptr<process_watch> process_;
};

}  // namespace rankwise::engine
