// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/listening_clock.hpp>
#include <rankwise/core/types.hpp>

#include <algorithm>
#include <chrono>
#include <optional>

namespace rankwise::engine {

/// The task that runs on a rank.
struct running_task {
  core::duration since{};
  core::duration limit{};  ///< 0: it may take as long as it likes
};

/// Notices a task that takes longer than it may. A task is known by when it began.
///
/// Local: time is told by the caller.
class task_watch {
 public:
  /// How long the task has taken, if that is more than it may, and was not noticed before; `task`
  /// is empty if none runs.
  std::optional<core::duration> on_poll(core::duration at,
                                        const std::optional<running_task>& task) {
    clock_.look(at);
    if (!task || task->limit.count() == 0 || task->since == overran_) return std::nullopt;
    if (task->since != watched_) {
      watched_ = task->since;
      watched_from_ = clock_.counted() - std::min(at - task->since, clock_.longest_look());
    }
    const core::duration elapsed = clock_.counted() - watched_from_;
    if (elapsed <= task->limit) return std::nullopt;
    overran_ = task->since;
    return elapsed;
  }

  /// The task was noticed, and still runs.
  bool is_stuck(const std::optional<running_task>& task) const {
    return overran_ && task && task->since == *overran_;
  }

 private:
  core::listening_clock clock_{std::chrono::milliseconds(50)};  // a suspended task takes no time
  std::optional<core::duration> watched_;
  core::duration watched_from_{};  // by that clock
  std::optional<core::duration> overran_;
};

}  // namespace rankwise::engine
