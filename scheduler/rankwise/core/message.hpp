// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/types.hpp>

#include <cstdint>
#include <type_traits>
#include <variant>

namespace rankwise::core {

/// How a message is told from others in a frame.
enum class message_kind : std::uint8_t {
  begin_call = 1,
  grant,
  settle,
  cancel,
  shutdown,
  root_heartbeat,
  split,

  done = 17,
  failed,
  returned,
  settled,
  unsettled,
  overran,
  heartbeat,
  departed,
  split_off
};

/// What the root says to a rank. `call` is the number of a pool call in the job, `chunk` is which
/// chunk of it, see `coordinator`.
namespace orders {

/// A call begins; payload: what to run (the engine's call_header, then the callable).
struct begin_call {
  static constexpr auto kind = message_kind::begin_call;
  std::uint32_t call = 0;
};

/// Run these items; payload: their inputs.
struct grant {
  static constexpr auto kind = message_kind::grant;
  std::uint32_t call = 0;
  bool again = false;  ///< some may have been run before
  std::uint64_t chunk = 0;
  item_range items;
};

/// The results of these items, whose tasks wait to be told, count or are not wanted.
struct settle {
  static constexpr auto kind = message_kind::settle;
  std::uint32_t call = 0;
  bool accepted = false;
  std::uint64_t chunk = 0;
  item_range items;
};

/// The call is over early: return what is not done.
struct cancel {
  static constexpr auto kind = message_kind::cancel;
  std::uint32_t call = 0;
};

/// A rank has no work: some of this chunk is for it, see `reports::split_off`.
struct split {
  static constexpr auto kind = message_kind::split;
  std::uint32_t call = 0;
  std::uint64_t chunk = 0;
};

/// The job is over.
struct shutdown {
  static constexpr auto kind = message_kind::shutdown;
};

/// The root lives; payload: the numbers of the ranks that are lost, 32 bits each.
struct heartbeat {
  static constexpr auto kind = message_kind::root_heartbeat;
};

}  // namespace orders

/// What a rank says to the root.
namespace reports {

/// These items are done; payload: their results.
struct done {
  static constexpr auto kind = message_kind::done;
  std::uint32_t call = 0;
  bool to_be_settled = false;  ///< their tasks wait to be told whether they count
  std::uint64_t chunk = 0;
  item_range items;
  duration elapsed{};  ///< in the tasks
};

/// The task of this item threw; payload: the engine's failure text.
struct failed {
  static constexpr auto kind = message_kind::failed;
  std::uint32_t call = 0;
  std::uint64_t chunk = 0;
  std::uint64_t item = 0;
};

/// These items come back undone.
struct returned {
  static constexpr auto kind = message_kind::returned;
  std::uint32_t call = 0;
  std::uint64_t chunk = 0;
  item_range items;
};

/// The task of this item was told that its result counts.
struct settled {
  static constexpr auto kind = message_kind::settled;
  std::uint32_t call = 0;
  std::uint64_t item = 0;
};

/// The task of this item threw when it was told that its result counts; payload as with `failed`.
struct unsettled {
  static constexpr auto kind = message_kind::unsettled;
  std::uint32_t call = 0;
  std::uint64_t item = 0;
};

/// The task of this item takes longer than it may.
struct overran {
  static constexpr auto kind = message_kind::overran;
  std::uint32_t call = 0;
  std::uint64_t chunk = 0;
  std::uint64_t item = 0;
};

/// A part of this item is done, and the rest goes on: by itself, or cut into two, as the answer to
/// `split`. Payload: what has come of it so far, what it is from now on, and another item if it was
/// cut.
struct split_off {
  static constexpr auto kind = message_kind::split_off;
  std::uint32_t call = 0;
  std::uint64_t chunk = 0;
  std::uint64_t item = 0;
  bool is_cut = true;
};

/// The rank lives.
struct heartbeat {
  static constexpr auto kind = message_kind::heartbeat;
  bool is_stuck = false;  ///< it is in a task that has overrun
};

/// The answer to `shutdown`: the last message of a rank.
struct departed {
  static constexpr auto kind = message_kind::departed;
};

}  // namespace reports

/// A message of the root.
using any_order = std::variant<orders::grant,
                               orders::settle,
                               orders::begin_call,
                               orders::cancel,
                               orders::split,
                               orders::shutdown,
                               orders::heartbeat>;

/// A message to the root.
using any_report = std::variant<reports::done,
                                reports::settled,
                                reports::failed,
                                reports::unsettled,
                                reports::returned,
                                reports::overran,
                                reports::split_off,
                                reports::heartbeat,
                                reports::departed>;

/// Whether a rank says that it is in a task that takes too long.
inline bool is_stuck(const any_report& given) {
  const auto* const heartbeat = std::get_if<reports::heartbeat>(&given);
  return std::holds_alternative<reports::overran>(given) ||
         (heartbeat != nullptr && heartbeat->is_stuck);
}

/// Whether a report says nothing against that: what a rank is told to give back comes while it is
/// in a task, too.
inline bool may_be_stuck(const any_report& given) {
  return is_stuck(given) || std::holds_alternative<reports::returned>(given);
}

static_assert(std::is_trivially_copyable_v<any_order> && std::is_trivially_copyable_v<any_report>);

}  // namespace rankwise::core
