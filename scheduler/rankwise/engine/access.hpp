// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/engine/call/abstract_root.hpp>
#include <rankwise/options.hpp>
#include <rankwise/pool.hpp>
#include <rankwise/task.hpp>

#include <cstdint>

namespace rankwise {

/// The inside of public classes, for calls and tasks that the library makes itself.
struct access {
  /// What the tasks of the rank share that `task` runs on.
  static engine::rank_context& context(const task_context& task) { return *task.context_; }

  static engine::abstract_root& root(const pool& ranks) { return *ranks.root_; }

  /// The number of the call that is made now.
  static std::uint32_t number_call(const pool& ranks) { return ranks.number_call(); }

  /// A pool for calls that a call of the body makes for itself: they count as that one, whose
  /// number among those of the body is `number`. Messages call them `name`; null: what they are.
  /// They may run on all ranks at once.
  static pool within_call(const pool& ranks,
                          std::uint32_t number,
                          const options& how,
                          const char* name = nullptr) {
    pool inner = ranks.with(how);
    inner.options_.at_most = inner.options_.at_most_on_host = 0;
    inner.within_ = number;
    inner.name_ = name;
    return inner;
  }

  /// The same pool, whose calls messages call `name`.
  static pool as(const pool& ranks, const char* name) {
    pool inner = ranks;
    inner.name_ = name;
    return inner;
  }
};

}  // namespace rankwise
