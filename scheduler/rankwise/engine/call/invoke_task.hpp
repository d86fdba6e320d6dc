// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/task.hpp>

#include <cstdint>
#include <functional>
#include <tuple>
#include <type_traits>
#include <utility>

namespace rankwise::engine {

/// How a task takes an input. A std::pair or std::tuple that it does not take as it is goes to it
/// in parts: as many arguments.
enum class call_form : std::uint8_t { none, whole, whole_with_context, parts, parts_with_context };

namespace detail {

/// Whether `Task` can be called with the parts of `Input`, after `Before`.
template <class Task, class Input, class... Before>
inline constexpr bool takes_parts = false;
template <class Task, class First, class Second, class... Before>
inline constexpr bool takes_parts<Task, std::pair<First, Second>, Before...> =
    std::is_invocable_v<const Task&, Before..., const First&, const Second&>;
template <class Task, class... Parts, class... Before>
inline constexpr bool takes_parts<Task, std::tuple<Parts...>, Before...> =
    std::is_invocable_v<const Task&, Before..., const Parts&...>;

}  // namespace detail

template <class Task, class Input>
consteval call_form form_of_call() {
  if constexpr (std::is_invocable_v<const Task&, task_context&, const Input&>) {
    return call_form::whole_with_context;
  } else if constexpr (std::is_invocable_v<const Task&, const Input&>) {
    return call_form::whole;
  } else if constexpr (detail::takes_parts<Task, Input, task_context&>) {
    return call_form::parts_with_context;
  } else if constexpr (detail::takes_parts<Task, Input>) {
    return call_form::parts;
  } else {
    return call_form::none;
  }
}

/// The task's first parameter is its context.
template <class Task, class Input>
inline constexpr bool takes_context =
    form_of_call<Task, Input>() == call_form::whole_with_context
    || form_of_call<Task, Input>() == call_form::parts_with_context;

/// Calls `task` with the input or its parts, after `before`.
template <class Task, class Input, class... Before>
decltype(auto) call_task(const Task& task, const Input& input, Before&... before) {
  constexpr call_form form = form_of_call<Task, Input>();
  if constexpr (form == call_form::parts || form == call_form::parts_with_context) {
    return std::apply(
        [&](const auto&... parts) -> decltype(auto) {
          return std::invoke(task, before..., parts...);
        },
        input);
  } else {
    return std::invoke(task, before..., input);
  }
}

namespace detail {

template <class Task, class Input, call_form = form_of_call<Task, Input>()>
struct task_result {
  using type = decltype(call_task(std::declval<const Task&>(), std::declval<const Input&>()));
};

template <class Task, class Input>
struct task_result_with_context {
  using type = decltype(call_task(
      std::declval<const Task&>(), std::declval<const Input&>(), std::declval<task_context&>()));
};

template <class Task, class Input>
struct task_result<Task, Input, call_form::whole_with_context>
    : task_result_with_context<Task, Input> {};

template <class Task, class Input>
struct task_result<Task, Input, call_form::parts_with_context>
    : task_result_with_context<Task, Input> {};

}  // namespace detail

/// What a task returns for an input.
template <class Task, class Input>
using task_result_t = typename detail::task_result<Task, Input>::type;

}  // namespace rankwise::engine
