// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/types.hpp>

#include <cstdint>

namespace rankwise::engine {

/// What a call is like on every rank: the first bytes of what the root sends at its start.
struct call_header {
  std::uint64_t name_hash = 0;           ///< of the `remote_call`
  std::uint64_t seed = 0;                ///< of the tasks' random numbers
  std::uint32_t number = 0;              ///< of the call, among those of the body
  core::duration report_interval{};      ///< between two reports of a chunk under way
  core::duration checkpoint_interval{};  ///< between two of an item that splits; 0: none
  core::duration task_limit{};           ///< a task that takes longer has failed; 0: none
  std::uint32_t threads = 0;             ///< that a task may use; 0: nobody has said
  std::int32_t priority = 0;             ///< a rank serves calls of a higher one first
  bool is_isolated = false;              ///< each task runs in a process of its own
};

}  // namespace rankwise::engine
