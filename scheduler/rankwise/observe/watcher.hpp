// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/types.hpp>
#include <rankwise/statistics.hpp>

#include <string>

namespace rankwise::observe {

/// Is told by the root how the job goes, by one thread at a time.
class watcher {
 public:
  watcher() = default;
  watcher(const watcher&) = delete;
  watcher& operator=(const watcher&) = delete;
  watcher(watcher&&) = delete;
  watcher& operator=(watcher&&) = delete;
  virtual ~watcher() = default;

  /// Called often in the middle of a call: shows the job as it stands if something is due.
  virtual void update(const job_statistics& job, core::duration at) = 0;

  /// The job as it stands where it may be ended at any moment: what is shown is brought up to that.
  /// Returns whether a line without its end stands on the terminal.
  virtual bool show_now(const job_statistics& /*job*/) { return false; }

  /// Shows a text that people want to know at once.
  virtual void notice(const std::string& text) = 0;

  /// Called at the end of a call, whether it ended well or not.
  virtual void call_over(const job_statistics& job) = 0;
};

}  // namespace rankwise::observe
