// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/types.hpp>

#include <cstdint>
#include <type_traits>

namespace rankwise::core {

/// What a message says. Those of the root first (which says `alive` too), then those of the other
/// ranks.
enum class message_kind : std::uint8_t {
  call = 1,  ///< a pool call begins; payload: what to run (the engine's call_header, then the
             ///< callable)
  grant,     ///< run chunk `chunk` (items `items`), maybe `flag` again; payload: their inputs
  settle,    ///< the results of `items` count (`flag`) or were not wanted (no `flag`)
  cancel,    ///< the call is over early: return what is not done
  shutdown,  ///< the job is over

  done,  ///< `items` of chunk `chunk` are done in `elapsed`; payload: results; `flag`: settle them
  failed,     ///< the task of the one item of `items` threw; payload: the engine's failure text
  returned,   ///< `items` of chunk `chunk` come back undone, after a cancel
  settled,    ///< what a `settle` with `flag` asked for is done
  unsettled,  ///< what a `settle` with `flag` asked for failed for the one item; payload as with
              ///< `failed`
  alive,      ///< nothing new, but the rank lives; `flag`: its task is still the one that overran;
              ///< payload of the root's: the numbers of the ranks that are lost, 32 bits each
  overran,    ///< the task of the one item of `items`, of chunk `chunk`, takes longer than it may
  left        ///< the answer to `shutdown`: the last word of a rank
};

/// One message between the root and another rank; a payload may follow it.
struct message {
  message_kind kind{};
  bool flag = false;
  std::uint16_t reserved = 0;
  std::uint32_t call = 0;   ///< the number of the pool call in the job
  std::uint64_t chunk = 0;  ///< which chunk, see `coordinator`
  item_range items;
  duration elapsed{};  ///< done, failed: time spent in the tasks; grant: none
  std::uint64_t payload_bytes = 0;
};

/// Whether a rank says that it is in a task that takes too long.
constexpr bool is_stuck(const message& said) {
  return said.kind == message_kind::overran || (said.kind == message_kind::alive && said.flag);
}

static_assert(std::is_trivially_copyable_v<message> && sizeof(message) == 48);

}  // namespace rankwise::core
