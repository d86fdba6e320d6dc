// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/engine/call/call_rules.hpp>
#include <rankwise/engine/call/require_task.hpp>
#include <rankwise/error.hpp>
#include <rankwise/expansion/bundle_run.hpp>
#include <rankwise/expansion/work_stack.hpp>
#include <rankwise/options.hpp>
#include <rankwise/task.hpp>
#include <rankwise/wire/sendable.hpp>

#include <ranges>
#include <type_traits>
#include <utility>

namespace rankwise::engine {

namespace refused {

template <class Task, class Item>
__attribute__((
    unavailable("rankwise: a task of pool::expand takes `const Item&`, where Item is the type of "
                "the roots, and "
                "then a `rankwise::expansion<Item>&` for the items that it finds, after a "
                "`task_context&` if it "
                "wants one; its operator() is const"))) consteval void
does_not_expand() {}

template <class Task>
__attribute__((unavailable(
    "rankwise: the task of pool::expand returns nothing: it returns what becomes a value of the "
    "type of `initial`, and is combined"))) consteval void
expands_to_nothing() {}

}  // namespace refused

/// Whether pool::expand can do with these; where not, the compiler says why.
template <class Roots, class Value, class Combine, class Task>
consteval bool require_expansion() {
  using item = std::ranges::range_value_t<Roots>;
  constexpr bool expands = expands_with_context<Task, item> ||
                           std::is_invocable_v<const Task&, const item&, expansion<item>&>;
  if constexpr (!require_end<Roots>()) {
    return false;
  } else if constexpr (!require_travelling<Task>()) {
    return false;
  } else if constexpr (!wire::require_sendable<item>() || !wire::require_default<item>()) {
    return false;
  } else if constexpr (!expands) {
    refused::does_not_expand<Task, item>();
    return false;
  } else if constexpr (!wire::require_sendable<Value>() || !wire::require_default<Value>()) {
    return false;
  } else if constexpr (!require_combine<Combine, Value>()) {
    return false;
  } else {
    using given = decltype(call_expanding(std::declval<const Task&>(),
                                          std::declval<task_context&>(),
                                          std::declval<const item&>(),
                                          std::declval<expansion<item>&>()));
    if constexpr (std::is_void_v<given>) {
      refused::expands_to_nothing<Task>();
      return false;
    } else {
      return require_becomes<given, Value>();
    }
  }
}

/// Throws: config_error for what pool::expand can't follow.
inline void refuse_options_of_expand(const options& how) {
  refuse_journal_of("pool::expand", how);
  if (how.on_error == on_error_kind::collect)
    throw config_error(
        "--on-error collect: found pool::expand, whose value is wrong without that of each task; "
        "accepted here: stop, retry");
  if (how.isolate)
    throw config_error(
        "--isolate: found pool::expand, accepted: map, for_each and reduce, whose tasks hand "
        "nothing back but a result");
}

}  // namespace rankwise::engine
