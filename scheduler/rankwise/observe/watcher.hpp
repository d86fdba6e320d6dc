// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/types.hpp>
#include <rankwise/statistics.hpp>

#include <string>

namespace rankwise::observe {

/// Someone whom the root tells how the job goes, by one thread at a time.
class watcher {
 public:
  watcher() = default;
  watcher(const watcher&) = delete;
  watcher& operator=(const watcher&) = delete;
  watcher(watcher&&) = delete;
  watcher& operator=(watcher&&) = delete;
  virtual ~watcher() = default;

  /// Often, in the middle of a call.
  virtual void update(const job_statistics& job, core::duration at) = 0;

  /// The job as it stands where it may be ended at any moment: what is shown is brought up to that.
  /// Returns whether a line without its end stands on the terminal.
  virtual bool show_now(const job_statistics& /*job*/) { return false; }

  /// Something has happened that people want to know at once.
  virtual void notice(const std::string& text) = 0;

  /// A call has ended, well or not.
  virtual void call_over(const job_statistics& job) = 0;
};

}  // namespace rankwise::observe
