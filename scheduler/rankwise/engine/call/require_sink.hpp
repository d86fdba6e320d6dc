// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/engine/call/invoke_task.hpp>
#include <rankwise/engine/call/require_task.hpp>

#include <cstdint>
#include <type_traits>

namespace rankwise::engine {

namespace refused {

template <class Task>
__attribute__((
    unavailable("rankwise: the task returns nothing, so that nothing comes to the sink: leave the "
                "sink out"))) consteval void
feeds_no_sink() {}

template <class Sink, class Result>
__attribute__((unavailable(
    "rankwise: the sink can't be called with what the task returns, nor with the number of the "
    "item and that"))) consteval void
does_not_take_result() {}

}  // namespace refused

/// The sink of a stream that has none.
struct no_sink {};

/// Whether what `Task` makes of an `Input` can go to `Sink`; where not, the compiler says why.
template <class Task, class Input, class Sink>
consteval bool require_sink() {
  using result = std::remove_cvref_t<task_result_t<Task, Input>>;
  if constexpr (std::is_same_v<Sink, no_sink>) {
    return true;
  } else if constexpr (std::is_void_v<result>) {
    refused::feeds_no_sink<Task>();
    return false;
  } else if constexpr (!require_result<Task, Input>()) {
    return false;
  } else {
    constexpr bool takes =
        std::is_invocable_v<Sink&, result> || std::is_invocable_v<Sink&, std::uint64_t, result>;
    if constexpr (!takes) refused::does_not_take_result<Sink, result>();
    return takes;
  }
}

}  // namespace rankwise::engine
