// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/engine/call/chunk_scope.hpp>
#include <rankwise/engine/call/invoke_task.hpp>
#include <rankwise/engine/call/shared_values.hpp>
#include <rankwise/engine/call/task_threw.hpp>
#include <rankwise/task.hpp>
#include <rankwise/wire/buffer.hpp>
#include <rankwise/wire/codec.hpp>

#include <algorithm>
#include <cstdint>
#include <type_traits>
#include <utility>

namespace rankwise::engine {

/// Calls a task with its context. Not inlined: in `run_items` much lives across the call, and a
/// compiler may keep what the task works on in memory where it has no registers left.
template <class Task, class Input>
[[gnu::noinline]] decltype(auto) call_with_context(const Task& task,
                                                   rank_context& context,
                                                   std::uint64_t index,
                                                   const Input& input,
                                                   const char* no_settling) {
  task_context of_task(context, index, no_settling);
  return call_task(task, input, of_task);
}

/// Calls `task`, with its context first where it takes one; its results go to an `Output`.
///
/// Throws: task_threw in place of whatever the task throws.
template <class Output, class Task, class Input>
decltype(auto) invoke_task(const Task& task,
                           rank_context& context,
                           std::uint64_t index,
                           const Input& input) {
  try {
    if constexpr (takes_context<Task, Input>) {
      return call_with_context(task, context, index, input, Output::no_settling);
    } else {
      return call_task(task, input);
    }
  } catch (...) {
    throw task_threw(describe_exception());
  }
}

/// Calls `task` in a child of this process, in which it has a context that settles nothing.
///
/// Throws: task_threw in place of whatever the task throws, and if there is no result.
template <class Output, class Task, class Input>
typename Output::value_type invoke_isolated(const Task& task,
                                            chunk_scope& scope,
                                            std::uint64_t index,
                                            const Input& input) {
  using value = typename Output::value_type;
  constexpr const char* no_settling = Output::no_settling != nullptr
                                          ? Output::no_settling
                                          : "a task that is isolated: its process ends before that";
  const auto call = [&]() -> decltype(auto) {
    if constexpr (takes_context<Task, Input>) {
      return call_with_context(task, scope.context(), index, input, no_settling);
    } else {
      return call_task(task, input);
    }
  };
  try {
    const wire::bytes answer = scope.run_isolated([&]([[maybe_unused]] wire::bytes& out) {
      if constexpr (std::is_void_v<value>) {
        call();
      } else {
        wire::encoder<value>(out).put(value(call()));
      }
    });
    if constexpr (!std::is_void_v<value>) return wire::decoder<value>(answer).get();
  } catch (const task_threw&) {
    throw;
  } catch (...) {
    throw task_threw(describe_exception());
  }
}

/// Runs the items of a chunk, each in a child of this process; each is reported by itself.
template <class Task, class Inputs, class Output>
[[gnu::noinline]] void run_isolated_items(chunk_scope& scope,
                                          const Task& task,
                                          Inputs& inputs,
                                          Output& output) {
  const core::item_range items = scope.items();
  for (std::uint64_t index = items.first; index != items.end() && !scope.interrupted(); ++index) {
    try {
      const auto& input = inputs.next(index);
      if (!fetch_shared_values(scope, input)) return;
      scope.context().running.store(index, std::memory_order_relaxed);
      const auto tell = [&] {
        tell_shared_values(task);
        tell_shared_values(input);
      };
      try {
        output.open(scope);
        if constexpr (std::is_void_v<typename Output::value_type>) {
          invoke_isolated<Output>(task, scope, index, input);
        } else {
          output.put(index, invoke_isolated<Output>(task, scope, index, input));
        }
        output.close(scope);
      } catch (const task_threw&) {
        tell();
        throw;
      }
      tell();
      scope.done(1);
    } catch (const task_threw& threw) {
      scope.failed(threw);
    }
    scope.checkpoint();
    scope.step_aside();
  }
}

/// Runs the items of a chunk: `inputs.next(index)` is called for each in order, the task's result
/// goes to `output.put`. Between batches the rank polls, and results that have waited
/// long are sent home.
template <class Task, class Inputs, class Output>
void run_items(chunk_scope& scope, const Task& task, Inputs& inputs, Output& output) {
  if (scope.is_isolated()) return run_isolated_items(scope, task, inputs, output);
  const core::item_range items = scope.items();
  std::uint64_t index = items.first;
  std::uint64_t reported = items.first;
  const auto report = [&] {
    if (index != reported) output.close(scope);
    scope.done(index - reported);
    reported = index;
    output.open(scope);
  };
  output.open(scope);
  while (index != items.end()) {
    const std::uint64_t stop = index + std::min(items.end() - index, scope.batch());
    try {
      for (; index != stop; ++index) {
        const auto& input = inputs.next(index);
        if (!fetch_shared_values(scope, input)) break;
        scope.context().running.store(index, std::memory_order_relaxed);
        // A report of its own: such a result counts once its task has been told so. Without a
        // context a task can't ask.
        const auto wants_to_be_told = [&] {
          return takes_context<Task, std::remove_cvref_t<decltype(input)>> &&
                 Output::no_settling == nullptr && scope.context().settle.any_in({index, 1});
        };
        if constexpr (std::is_void_v<decltype(invoke_task<Output>(
                          task, scope.context(), index, input))>) {
          invoke_task<Output>(task, scope.context(), index, input);
          if (wants_to_be_told()) report();
        } else {
          decltype(auto) result = invoke_task<Output>(task, scope.context(), index, input);
          if (wants_to_be_told()) report();
          output.put(index, std::forward<decltype(result)>(result));
        }
        if (wants_to_be_told()) {
          ++index;
          report();
          break;
        }
      }
    } catch (const task_threw& threw) {
      report();
      scope.context().settle.reject({index, 1});
      scope.failed(threw);
      reported = ++index;
    }
    if (index == items.end()) break;
    scope.checkpoint();
    if (scope.interrupted()) break;  // so it is after a `break` above: the rest is not wanted
    if (scope.report_due()) report();
    scope.step_aside();
    if (scope.interrupted()) break;
  }
  report();
}

}  // namespace rankwise::engine
