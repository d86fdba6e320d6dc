// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/schedule_kind.hpp>

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace rankwise {

/// What happens to the other tasks of a call if one throws.
enum class on_error_kind : std::uint8_t {
  stop,     ///< cancel the rest, throw task_error
  collect,  ///< run the rest, throw task_error with all failures
  retry     ///< try the task again, `options::retries` times, then as stop
};

/// The values of `--on-error`, in the order of `on_error_kind`.
inline constexpr std::array<std::string_view, 3> on_error_names{"stop", "collect", "retry"};

/// How progress is shown.
enum class progress_mode : std::uint8_t {
  automatic,  ///< a line on a terminal, plain lines elsewhere
  line,       ///< one line, written over again and again
  plain,      ///< a line now and then
  none
};

/// The values of `--progress`, in the order of `progress_mode`.
inline constexpr std::array<std::string_view, 4> progress_names{"auto", "line", "plain", "none"};

/// How a pool runs its calls; what every program's command line and the RANKWISE_* variables set.
struct options {
  static constexpr std::uint32_t most_threads = 4096;

  schedule_kind schedule = schedule_kind::adaptive;
  std::uint64_t chunk = 0;  ///< items in a chunk; 0: the schedule decides
  on_error_kind on_error = on_error_kind::stop;
  std::uint32_t retries = 3;  ///< how often a task is tried again, if on_error is retry
  std::uint64_t seed = 0;     ///< the seed of the tasks' random streams
  progress_mode progress = progress_mode::automatic;
  bool quiet = false;           ///< neither progress nor summary
  bool json = false;            ///< the summary as a JSON line
  bool root_works = true;       ///< the root runs tasks too
  std::uint32_t max_ranks = 0;  ///< use no more ranks than this; 0: all
  /// That a task may use: OpenMP's get so many, others ask `task_context::threads`. 0: nobody has
  /// said.
  std::uint32_t threads = 0;
  bool speculate = false;   ///< what is still out at the end is given to ranks without work too
  double task_limit_s = 0;  ///< a task that takes longer has failed; 0: none
  bool isolate = false;     ///< each task runs in a process of its own, forked from its rank
  double heartbeat_timeout_s = 10;  ///< a rank that is silent for longer is lost
  std::string journal = {};         ///< file for what is done; empty: calls are not journaled
  bool resume = false;              ///< go on from what the journal holds
  bool retry_failed = false;        ///< the same, and try again what has failed
  /// The text of the program's own options and of its operands, by name. A journal keeps it, to
  /// tell a job that asks for something else from this one.
  std::map<std::string, std::string> given = {};
  /// Of calls: random streams and journals go by it, and not by the order of all calls. Empty:
  /// none. For programs: no flag sets it.
  std::string name = {};
  /// Ranks serve calls of a higher one first, between two items. For programs: no flag sets it.
  std::int32_t priority = 0;
  /// So many ranks at most run tasks of a call at once, whichever are free: for what a task needs
  /// and there are few of, such as licences. 0: all that there are. For programs: no flag sets it.
  std::uint32_t at_most = 0;
  /// The same of the ranks of each host: for a device or a disk that they share.
  std::uint32_t at_most_on_host = 0;

  bool operator==(const options&) const = default;
};

}  // namespace rankwise
