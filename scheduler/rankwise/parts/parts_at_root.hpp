// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/decisions.hpp>
#include <rankwise/core/types.hpp>
#include <rankwise/engine/call/abstract_root.hpp>
#include <rankwise/parts/part_history.hpp>
#include <rankwise/parts/part_store.hpp>
#include <rankwise/wire/buffer.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace rankwise::engine {

/// Parts as the root knows them: where each lies, and how it can be made again.
///
/// A call changes all parts, or none: what it has done counts once it is over and nothing has
/// failed. So all parts are in one state, which has the number of the last call that changed them.
template <class Part>
struct parts_at_root {
  /// What the call under way means for one part.
  struct place {
    std::uint32_t home = 0;      ///< the row of the rank where it lies, or is to lie
    std::uint32_t given_to = 0;  ///< the row of the rank that runs its item
    bool is_there = false;       ///< it lies at home
    bool is_to_be_made = false;  ///< by the rank that runs its item
  };

  std::shared_ptr<const std::uint64_t> number;
  std::shared_ptr<abstract_root*> root;  // null: the job is over
  std::vector<wire::bytes> origins;      // what parts are made of: inputs, or copies
  std::vector<kept_step<Part>> steps;    // empty: parts can't be made again
  std::size_t n_step_bytes = 0;
  std::uint32_t snapshot_every = 0;
  std::uint64_t state = 1;
  std::uint64_t last_state = 1;  // that was given to a call, which may have failed
  std::vector<place> places;
  std::shared_ptr<std::vector<char>> has_some;  // by row: ranks that were given parts
  std::atomic<bool> is_in_use{false};

  void on_granted(const core::grant& given) {
    const auto row = static_cast<std::uint32_t>(to_index(given.rank));
    (*has_some)[row] = 1;
    for (std::uint64_t index = given.items.first; index != given.items.end(); ++index) {
      place& its = places[index];
      its.given_to = row;
      its.is_to_be_made = given.again || !its.is_there || its.home != row;
    }
  }

  void on_counted(core::item_range items) {
    for (std::uint64_t index = items.first; index != items.end(); ++index) {
      places[index].home = places[index].given_to;
      places[index].is_there = true;
    }
  }

  /// A call has changed all parts.
  void on_changed(kept_step<Part> step, std::uint64_t next_state) {
    state = next_state;
    if (steps.empty()) return;
    n_step_bytes += step.content.size();
    steps.push_back(std::move(step));
  }

  /// A call has changed some parts, and has failed.
  void on_change_failed() {
    for (place& each : places) each.is_there = false;
  }

  /// Whether so many calls have changed the parts that copies are to be kept in place of them.
  bool is_history_long() const {
    constexpr std::size_t bytes_at_most = std::size_t{64} << 20U;
    constexpr std::size_t steps_at_most = 1000;
    if (steps.size() < 2) return false;
    return steps.size() - 1 >= (snapshot_every == 0 ? steps_at_most : snapshot_every) ||
           n_step_bytes > bytes_at_most;
  }
};

}  // namespace rankwise::engine
