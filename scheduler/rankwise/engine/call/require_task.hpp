// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/engine/call/invoke_task.hpp>
#include <rankwise/engine/call/narrowing.hpp>
#include <rankwise/engine/call/shared_values.hpp>
#include <rankwise/outcome.hpp>
#include <rankwise/task.hpp>
#include <rankwise/wire/sendable.hpp>
#include <rankwise/wire/traits.hpp>

#include <cstddef>
#include <functional>
#include <optional>
#include <ranges>
#include <type_traits>
#include <vector>

namespace rankwise::engine {

/// What the compiler says of a task that can't be handed out, with its type: each of these ends the
/// compilation where it is used.
namespace refused {

template <class Callable>
__attribute__((unavailable(
    "rankwise: a pointer to a function means nothing on another rank: write rankwise::fn<f> for "
    "the function f"))) consteval void
is_a_pointer() {}

template <class Lambda>
__attribute__((unavailable(
    "rankwise: a lambda that runs on other ranks can't capture: what it captures lives on the "
    "root; write rankwise::with(value)([](const auto& input, const auto& value) { ... }), or a "
    "struct with operator() whose members can be sent"))) consteval void
captures() {}

template <class Callable>
__attribute__((unavailable(
    "rankwise: what std::bind, std::bind_front or std::mem_fn makes can't be sent to other ranks: "
    "write rankwise::with(arguments...)(rankwise::fn<f>), which go behind the input, or a struct "
    "with operator() whose members can be sent"))) consteval void
is_bound() {}

template <class Task>
__attribute__((unavailable(
    "rankwise: pool::submit takes rankwise::fn<f> or a lambda that captures nothing: give it what "
    "the task has or captures as arguments"))) consteval void
has_state() {}

template <class Task, class Input>
__attribute__((unavailable(
    "rankwise: the task can't be called with an input: it takes `const Input&` or `Input` (or as "
    "many parameters as a std::pair or std::tuple has parts), after a `task_context&` if it wants "
    "one, and its operator() is const"))) consteval void
does_not_take_input() {}

template <class Task>
__attribute__((
    unavailable("rankwise: the task returns nothing: use pool::for_each"))) consteval void
returns_nothing() {}

template <class Result>
__attribute__((unavailable(
    "rankwise: a task of pool::find_first returns a bool, or a std::optional of what it has "
    "found"))) consteval void
finds_neither() {}

template <class Input>
__attribute__((unavailable(
    "rankwise: these inputs have no end: give std::views::iota a last value"))) consteval void
has_no_end() {}

template <class Callable>
__attribute__((unavailable(
    "rankwise: a rankwise::shared is given to tasks and mappers alone: combine, a stage of a "
    "pipeline or a format takes the value itself"))) consteval void
takes_shared() {}

template <class Combine, class Value>
__attribute__((unavailable(
    "rankwise: combine can't be called with two values of the type of `initial`, or that the "
    "mapper emits: it takes two and returns one, and its operator() is const"))) consteval void
does_not_combine() {}

template <class Result, class Value>
__attribute__((
    unavailable("rankwise: what the task returns can't become a value of the type of "
                "`initial`"))) consteval void
does_not_become_value() {}

template <class Result, class Value>
__attribute__((unavailable(
    "rankwise: what the task returns does not fit into a value of the type of `initial`, and "
    "would be cut off: begin with a value of its type, such as 0.0 or std::size_t{0}, or let the "
    "task return the type of `initial`"))) consteval void
narrows_result() {}

template <class Combined, class Value>
__attribute__((unavailable(
    "rankwise: combine takes or returns a type that can't hold each value, so that values would "
    "be cut off: let it take and return the type of the values, such as "
    "std::plus<short>"))) consteval void
narrows_combined() {}

}  // namespace refused

namespace detail {

template <class Callable>
concept made_by_bind = std::is_bind_expression_v<Callable>
#ifdef __GLIBCXX__
    || wire::detail::is_instance<Callable, std::_Bind_front> ||
    wire::detail::is_instance<Callable, std::_Mem_fn>
#endif
    ;

/// What a lambda with captures is, and hardly anything else.
template <class Callable>
concept closure =
    std::is_class_v<Callable> && !std::is_aggregate_v<Callable> &&
    !std::is_default_constructible_v<Callable> && !std::is_copy_assignable_v<Callable>;

}  // namespace detail

// NOLINTBEGIN(bugprone-branch-clone): what is asked first may say why, and end it
/// Whether `Callable` can be called on another rank; where not, the compiler says why, and what to
/// do instead.
template <class Callable>
consteval bool require_travelling() {
  using decayed = std::decay_t<Callable>;  // a function's name is no pointer yet
  if constexpr (std::is_pointer_v<decayed> || std::is_member_pointer_v<decayed>) {
    refused::is_a_pointer<Callable>();
    return false;
  } else if constexpr (std::is_empty_v<Callable> && std::is_default_constructible_v<Callable>) {
    return true;
  } else if constexpr (wire::detail::is_instance<Callable, std::function>) {
    wire::refused::hides_a_callable<Callable>();
    return false;
  } else if constexpr (detail::made_by_bind<Callable>) {
    refused::is_bound<Callable>();
    return false;
  } else if constexpr (detail::closure<Callable>) {
    refused::captures<Callable>();
    return false;
  } else if constexpr (!wire::require_sendable<Callable>()) {
    return false;
  } else {
    return wire::require_default<Callable>();
  }
}

/// Whether `Callable`, which is no task of a call, needs no shared value; else the compiler says
/// so.
template <class Callable>
consteval bool require_no_shared() {
  constexpr bool needs_none = !shared_values_of<Callable>::any;
  if constexpr (!needs_none) refused::takes_shared<Callable>();
  return needs_none;
}

/// Whether `Task` can be sent, and called with an `Input`; where not, the compiler says why.
template <class Task, class Input>
consteval bool require_task() {
  if constexpr (!require_travelling<Task>()) {
    return false;
  } else if constexpr (!wire::require_sendable<Input>()) {
    return false;
  } else if constexpr (!wire::require_default<Input>()) {
    return false;
  } else if constexpr (form_of_call<Task, Input>() == call_form::none) {
    refused::does_not_take_input<Task, Input>();
    return false;
  } else {
    return true;
  }
}

/// Whether a range of inputs ends; where not, the compiler says so.
template <class Inputs>
consteval bool require_end() {
  constexpr bool ends =
      !std::is_same_v<std::ranges::sentinel_t<Inputs>, std::unreachable_sentinel_t>;
  if constexpr (!ends) refused::has_no_end<Inputs>();
  return ends;
}

/// Whether what `Task` makes of an `Input` can be sent home; where not, the compiler says why.
template <class Task, class Input>
consteval bool require_result() {
  using result = std::remove_cvref_t<task_result_t<Task, Input>>;
  if constexpr (std::is_void_v<result>) {
    refused::returns_nothing<Task>();
    return false;
  } else if constexpr (!wire::require_sendable<result>()) {
    return false;
  } else {
    return wire::require_default<result>();
  }
}

/// Whether `Combine` makes one `Value` of two, and cuts off none; where not, the compiler says why.
template <class Combine, class Value>
consteval bool require_combining() {
  if constexpr (!std::is_invocable_r_v<Value, const Combine&, Value, Value>) {
    refused::does_not_combine<Combine, Value>();
    return false;
  } else {
    using combined = std::remove_cvref_t<std::invoke_result_t<const Combine&, Value, Value>>;
    constexpr bool narrows_parameters = [] {
      if constexpr (requires { detail::parameters_of<Combine>::template narrow<Value>; }) {
        return detail::parameters_of<Combine>::template narrow<Value>;
      } else {
        return false;
      }
    }();
    if constexpr (narrows<combined, Value>() || narrows_parameters)
      refused::narrows_combined<combined, Value>();
    return !narrows<combined, Value>() && !narrows_parameters;
  }
}

/// The same for a `Combine` that is sent to other ranks.
template <class Combine, class Value>
consteval bool require_combine() {
  if constexpr (!require_travelling<Combine>()) {
    return false;
  } else if constexpr (!require_no_shared<Combine>()) {
    return false;
  } else {
    return require_combining<Combine, Value>();
  }
}

/// Whether what a task returns as `Given` can become a `Value`, whole; where not, the compiler says
/// why.
template <class Given, class Value>
consteval bool require_becomes() {
  using result = std::remove_cvref_t<Given>;
  if constexpr (!std::is_constructible_v<Value, Given>) {
    refused::does_not_become_value<result, Value>();
    return false;
  } else if constexpr (narrows<result, Value>()) {
    refused::narrows_result<result, Value>();
    return false;
  } else {
    return true;
  }
}

namespace detail {

template <class Task, class Input>
consteval auto result_or_int() {
  if constexpr (form_of_call<Task, Input>() == call_form::none) {
    return std::vector<int>();
  } else if constexpr (std::is_void_v<task_result_t<Task, Input>>) {
    return std::vector<int>();
  } else {
    return std::vector<std::remove_cvref_t<task_result_t<Task, Input>>>();
  }
}

}  // namespace detail

/// What a call with a refused task seems to return, so that the compiler has nothing more to say.
template <class Inputs, class Task>
using refused_results = decltype(detail::result_or_int<Task, std::ranges::range_value_t<Inputs>>());
template <class Inputs, class Task>
using refused_outcomes = std::vector<outcome<typename refused_results<Inputs, Task>::value_type>>;

/// Whether pool::reduce can do with these; where not, the compiler says why.
template <class Inputs, class Value, class Combine, class Task>
consteval bool require_reduction() {
  using input = std::ranges::range_value_t<Inputs>;
  if constexpr (!require_end<Inputs>()) {
    return false;
  } else if constexpr (!require_task<Task, input>()) {
    return false;
  } else if constexpr (!wire::require_sendable<Value>()) {
    return false;
  } else if constexpr (!wire::require_default<Value>()) {
    return false;
  } else if constexpr (!require_combine<Combine, Value>()) {
    return false;
  } else {
    return require_becomes<task_result_t<Task, input>, Value>();
  }
}

/// Whether pool::map can do with these; where not, the compiler says why.
template <class Inputs, class Task>
consteval bool require_mapping() {
  using input = std::ranges::range_value_t<Inputs>;
  if constexpr (!require_end<Inputs>()) {
    return false;
  } else if constexpr (!require_task<Task, input>()) {
    return false;
  } else {
    return require_result<Task, input>();
  }
}

/// Whether what `Task` makes of an `Input` says if it has found something; where not, the compiler
/// says so.
template <class Task, class Input>
consteval bool require_finding() {
  using result = std::remove_cvref_t<task_result_t<Task, Input>>;
  constexpr bool finds =
      std::is_same_v<result, bool> || wire::detail::is_instance<result, std::optional>;
  if constexpr (!finds) refused::finds_neither<result>();
  return finds;
}

/// Whether pool::find_first can do with these; where not, the compiler says why.
template <class Inputs, class Task>
consteval bool require_search() {
  if constexpr (!require_mapping<Inputs, Task>()) {
    return false;
  } else {
    return require_finding<Task, std::ranges::range_value_t<Inputs>>();
  }
}

// NOLINTEND(bugprone-branch-clone)

}  // namespace rankwise::engine
