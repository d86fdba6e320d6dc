// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/types.hpp>
#include <rankwise/process/process_watch.hpp>

#include <vector>

namespace rankwise::engine {

/// How a job takes the loss of ranks.
struct loss_settings {
  core::duration timeout{};  ///< a rank that is silent for longer is lost; 0: none ever is
  std::vector<process_place> processes = {};  ///< by rank; none: silence alone tells
};

}  // namespace rankwise::engine
