// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/types.hpp>
#include <rankwise/process/process_watch.hpp>
#include <rankwise/transport/endpoint.hpp>

#include <vector>

namespace rankwise::engine {

/// How a job takes the loss of ranks.
struct loss_settings {
  core::duration timeout{};  ///< a rank that is silent for longer is lost; 0: none ever is
  std::vector<process_place> processes = {};  ///< by rank; none: silence alone tells

  /// The job goes on without ranks that are lost.
  bool survives() const { return timeout.count() != 0; }

  /// The settings of a rank: if a long task keeps it from its messages, silence never means that it
  /// is lost.
  loss_settings on(const transport::endpoint& endpoint) const {
    const bool may_survive = endpoint.n_ranks() > 1 && endpoint.may_change_threads();
    return may_survive ? *this : loss_settings{};
  }

  /// How often each rank lets the root hear from it, and the root each rank.
  core::duration heartbeat() const { return timeout / 4; }
};

}  // namespace rankwise::engine
