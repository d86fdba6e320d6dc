// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

namespace rankwise {

/// The variables that set the options of every program (`program_options`), and that all ranks of a
/// job must read alike: rankrun brings these to all hosts, and no other.
inline constexpr std::array<std::string_view, 17> option_variables{"RANKWISE_SCHEDULE",
                                                                   "RANKWISE_CHUNK",
                                                                   "RANKWISE_ON_ERROR",
                                                                   "RANKWISE_RETRIES",
                                                                   "RANKWISE_THREADS",
                                                                   "RANKWISE_SPECULATE",
                                                                   "RANKWISE_TASK_LIMIT",
                                                                   "RANKWISE_ISOLATE",
                                                                   "RANKWISE_HEARTBEAT_TIMEOUT",
                                                                   "RANKWISE_JOURNAL",
                                                                   "RANKWISE_RESUME",
                                                                   "RANKWISE_RETRY_FAILED",
                                                                   "RANKWISE_SEED",
                                                                   "RANKWISE_PROGRESS",
                                                                   "RANKWISE_QUIET",
                                                                   "RANKWISE_JSON",
                                                                   "RANKWISE_NO_ROOT_WORK"};

/// Whether that is the name of one of them.
constexpr bool sets_an_option(std::string_view variable) {
  return std::find(option_variables.begin(), option_variables.end(), variable) !=
         option_variables.end();
}

}  // namespace rankwise
