// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/engine/access.hpp>
#include <rankwise/engine/call/invoke_task.hpp>
#include <rankwise/engine/call/require_task.hpp>
#include <rankwise/task.hpp>
#include <rankwise/wire/sendable.hpp>

#include <cstdint>
#include <functional>
#include <ranges>
#include <type_traits>
#include <utility>

namespace rankwise::engine {

/// Whether a task takes a part, which it may only read or may also change, and a context before it.
template <class Task, class Part>
inline constexpr bool reads_part_with_context =
    std::is_invocable_v<const Task&, task_context&, const Part&>;
template <class Task, class Part>
inline constexpr bool reads_part =
    reads_part_with_context<Task, Part> || std::is_invocable_v<const Task&, const Part&>;
template <class Task, class Part>
inline constexpr bool changes_part_with_context =
    !reads_part<Task, Part> && std::is_invocable_v<const Task&, task_context&, Part&>;
template <class Task, class Part>
inline constexpr bool changes_part = changes_part_with_context<Task, Part> ||
                                     (!reads_part<Task, Part> &&
                                      std::is_invocable_v<const Task&, Part&>);

/// Why `when_settled` is refused in tasks that make or change parts.
inline constexpr const char* no_settling_of_parts =
    "a task that makes parts or changes them: it runs again if its rank is lost, also after its "
    "call is over";

/// Calls a task that may change the part that it is given.
template <class Task, class Part>
decltype(auto) change_part(const Task& task, task_context& context, Part& part) {
  if constexpr (changes_part_with_context<Task, Part>) {
    return std::invoke(task, context, part);
  } else {
    return std::invoke(task, part);
  }
}

/// A part of this rank, as a task is given it.
template <class Part>
struct part_here {
  Part* part = nullptr;
  std::uint64_t* state = nullptr;  ///< that it is in; 0 while it is changed
  std::uint64_t next_state = 0;    ///< once it has been changed
};

/// A task of the user, which takes a part.
template <class Part, class Task>
struct part_task {
  [[no_unique_address]] Task task = {};

  const Task& carried_task() const { return task; }

  decltype(auto) operator()(const part_here<Part>& given) const
      requires(reads_part<Task, Part> && !reads_part_with_context<Task, Part>) {
    return std::invoke(task, std::as_const(*given.part));
  }

  decltype(auto) operator()(task_context& context, const part_here<Part>& given) const
      requires(reads_part_with_context<Task, Part>) {
    return std::invoke(task, context, std::as_const(*given.part));
  }

  /// If the task throws, the part is in no state: it has to be made again.
  decltype(auto) operator()(task_context& context, const part_here<Part>& given) const
      requires(changes_part<Task, Part>) {
    task_context its(access::context(context), context.index(), no_settling_of_parts);
    *given.state = 0;
    if constexpr (std::is_void_v<decltype(change_part(task, its, *given.part))>) {
      change_part(task, its, *given.part);
      *given.state = given.next_state;
    } else {
      decltype(auto) result = change_part(task, its, *given.part);
      *given.state = given.next_state;
      return std::remove_cvref_t<decltype(result)>(std::forward<decltype(result)>(result));
    }
  }
};

namespace refused {

template <class Task, class Part>
__attribute__((unavailable(
    "rankwise: the task can't be called with a part: it takes `const Part&`, or `Part&` to change "
    "it, where Part is what make_part returned, after a `task_context&` if it wants one; its "
    "operator() is const"))) consteval void
does_not_take_part() {}

template <class Task>
__attribute__((unavailable(
    "rankwise: the task of pool::place returns nothing: it returns the part that it makes of an "
    "input"))) consteval void
makes_no_part() {}

}  // namespace refused

/// Whether `Task` can be sent, and called with a `Part`; where not, the compiler says why.
template <class Part, class Task>
consteval bool require_part_task() {
  if constexpr (!require_travelling<Task>()) {
    return false;
  } else if constexpr (!reads_part<Task, Part> && !changes_part<Task, Part>) {
    refused::does_not_take_part<Task, Part>();
    return false;
  } else {
    return true;
  }
}

/// The same for pool::map.
template <class Part, class Task>
consteval bool require_part_mapping() {
  if constexpr (!require_part_task<Part, Task>()) {
    return false;
  } else {
    return require_result<part_task<Part, Task>, part_here<Part>>();
  }
}

/// The same for pool::reduce.
template <class Part, class Value, class Combine, class Task>
consteval bool require_part_reduction() {
  if constexpr (!require_part_mapping<Part, Task>()) {
    return false;
  } else if constexpr (!wire::require_sendable<Value>() || !wire::require_default<Value>()) {
    return false;
  } else if constexpr (!require_combine<Combine, Value>()) {
    return false;
  } else {
    return require_becomes<task_result_t<part_task<Part, Task>, part_here<Part>>, Value>();
  }
}

/// Whether pool::place can do with these; where not, the compiler says why.
template <class Inputs, class Make>
consteval bool require_placing() {
  using input = std::ranges::range_value_t<Inputs>;
  if constexpr (!require_end<Inputs>()) {
    return false;
  } else if constexpr (!require_task<Make, input>()) {
    return false;
  } else if constexpr (std::is_void_v<task_result_t<Make, input>>) {
    refused::makes_no_part<Make>();
    return false;
  } else {
    return true;
  }
}

}  // namespace rankwise::engine
