// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/engine/run_items.hpp>
#include <rankwise/task.hpp>
#include <rankwise/wire/traits.hpp>

#include <string_view>
#include <type_traits>

namespace rankwise::engine {

/// Whether `Callable` is the type of a lambda: the compilers say so in its name.
template <class Callable>
consteval bool is_lambda() {
  const std::string_view name = __PRETTY_FUNCTION__;
  return name.find("<lambda") != std::string_view::npos ||
         name.find("(lambda") != std::string_view::npos;
}

/// Refuses what can't be called on another rank, with a sentence that says what to do instead.
template <class Callable>
consteval void require_travelling() {
  using decayed = std::decay_t<Callable>;  // a function's name is no pointer yet
  constexpr bool is_pointer = std::is_pointer_v<decayed> || std::is_member_pointer_v<decayed>;
  static_assert(!is_pointer,
                "rankwise: a pointer to a function means nothing on another rank: write "
                "rankwise::fn<f> for the function f");
  if constexpr (!is_pointer) {
    constexpr bool has_state =
        !std::is_empty_v<Callable> || !std::is_default_constructible_v<Callable>;
    static_assert(!has_state || !is_lambda<Callable>(),
                  "rankwise: a lambda that runs on other ranks can't capture: what it captures "
                  "lives on the root; put it "
                  "into the inputs, or write a struct with operator() whose members can be sent");
    if constexpr (has_state && !is_lambda<Callable>()) wire::require_sendable<Callable>();
  }
}

/// Refuses a task that can't be sent, or can't be called with an input.
template <class Task, class Input>
consteval void require_task() {
  require_travelling<Task>();
  wire::require_sendable<Input>();
  static_assert(std::is_invocable_v<const Task&, const Input&> ||
                    std::is_invocable_v<const Task&, task_context&, const Input&>,
                "rankwise: the task can't be called with an input: it takes `const Input&` or "
                "`Input`, after a "
                "`task_context&` if it wants one, and its operator() is const");
}

/// Refuses a task whose result can't be sent home.
template <class Result>
consteval void require_result() {
  static_assert(!std::is_void_v<Result>, "rankwise: the task returns nothing: use pool::for_each");
  if constexpr (!std::is_void_v<Result>) wire::require_sendable<Result>();
}

}  // namespace rankwise::engine
