// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/engine/call/invoke_task.hpp>
#include <rankwise/engine/call/require_task.hpp>
#include <rankwise/task.hpp>
#include <rankwise/wire/sendable.hpp>

#include <cstdint>
#include <functional>
#include <iterator>
#include <ranges>
#include <type_traits>
#include <utility>

namespace rankwise::engine {

/// A callable of which each rank has one of its own, so that nothing of it travels: the part of a
/// collective call that all ranks have written down alike.
///
/// Local: the last `lend` of a type in a process counts, for whatever thread runs tasks or combines
/// results.
template <class Result, class... Arguments>
class local_callable {
 public:
  using function = std::function<Result(Arguments...)>;

  Result operator()(Arguments... arguments) const {
    return (*current_)(std::forward<Arguments>(arguments)...);
  }

  /// While it lives, `local_callable` calls the function that it was made of.
  class lend {
   public:
    explicit lend(const function& lent) : before_(std::exchange(current_, &lent)) {}

    lend(const lend&) = delete;
    lend& operator=(const lend&) = delete;
    lend(lend&&) = delete;
    lend& operator=(lend&&) = delete;

    ~lend() { current_ = before_; }

   private:
    const function* before_;
  };

 private:
  inline static const function* current_ = nullptr;
};

/// A task that takes the index of an input.
template <class Result>
using local_task = local_callable<Result, task_context&, const std::uint64_t&>;

/// `combine` of a reduction.
template <class Value>
using local_combine = local_callable<Value, Value, Value>;

/// What a task of the inputs `Range` returns.
template <class Range, class Task>
using result_of = std::remove_cvref_t<task_result_t<Task, std::ranges::range_value_t<Range>>>;

/// `task` as a function of the index. Refers to both arguments.
template <class Range, class Task>
typename local_task<result_of<Range, Task>>::function by_index(const Range& inputs,
                                                               const Task& task) {
  using input = std::ranges::range_value_t<Range>;
  return [&inputs, &task]([[maybe_unused]] task_context& context,
                          const std::uint64_t& index) -> result_of<Range, Task> {
    const input& mine = std::ranges::begin(
        inputs)[static_cast<std::ranges::range_difference_t<const Range>>(index)];
    if constexpr (takes_context<Task, input>) {
      return call_task(task, mine, context);
    } else {
      return call_task(task, mine);
    }
  };
}

/// Whether `Task` can be called with each of `Inputs`, where neither travels; where not, the
/// compiler says why.
template <class Inputs, class Task>
consteval bool require_local_task() {
  if constexpr (!require_end<Inputs>()) {
    return false;
  } else if constexpr (form_of_call<Task, std::ranges::range_value_t<Inputs>>() ==
                       call_form::none) {
    refused::does_not_take_input<Task, std::ranges::range_value_t<Inputs>>();
    return false;
  } else {
    return true;
  }
}

/// The same, and whether its results can be sent home.
template <class Inputs, class Task>
consteval bool require_local_mapping() {
  if constexpr (!require_local_task<Inputs, Task>()) {
    return false;
  } else {
    return require_result<Task, std::ranges::range_value_t<Inputs>>();
  }
}

template <class Inputs, class Task>
consteval bool require_local_search() {
  if constexpr (!require_local_mapping<Inputs, Task>()) {
    return false;
  } else {
    return require_finding<Task, std::ranges::range_value_t<Inputs>>();
  }
}

template <class Inputs, class Value, class Combine, class Task>
consteval bool require_local_reduction() {
  if constexpr (!require_local_mapping<Inputs, Task>()) {
    return false;
  } else if constexpr (!wire::require_sendable<Value>() || !wire::require_default<Value>()) {
    return false;
  } else if constexpr (!require_combining<Combine, Value>()) {
    return false;
  } else {
    return require_becomes<task_result_t<Task, std::ranges::range_value_t<Inputs>>, Value>();
  }
}

}  // namespace rankwise::engine
