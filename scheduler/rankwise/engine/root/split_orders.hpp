// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/coordinator.hpp>
#include <rankwise/core/message.hpp>
#include <rankwise/core/split_requests.hpp>
#include <rankwise/core/types.hpp>
#include <rankwise/engine/rank/rank_state.hpp>
#include <rankwise/engine/root/running_call.hpp>
#include <rankwise/rank.hpp>

namespace rankwise::engine {

/// Asks ranks, maybe this one, to split what they run of `call`, if others have no work of it.
///
/// Local: nothing blocks; the caller holds the lock of the rank.
inline void ask_to_split(rank_state& state, running_call& call, core::duration at) {
  const core::coordinator& coordinator = call.coordinator;
  if (coordinator.cancelled() || coordinator.n_remaining() != 0) return;
  const auto is_at_work = [&](rank_id rank) { return coordinator.record(rank).chunks_out != 0; };
  for (const core::split_requests::request& one :
       call.splits.choose(coordinator.n_idle(), at, is_at_work)) {
    const core::orders::split order{call.wire_number, one.chunk};
    const core::incarnation_number incarnation = coordinator.record(one.rank).incarnation;
    if (one.rank == root_rank) {
      state.worker.on_split(incarnation, order);
    } else {
      state.links.queue_to(one.rank).add(incarnation, order);
    }
  }
}

}  // namespace rankwise::engine
