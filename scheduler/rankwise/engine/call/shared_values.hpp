// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/engine/call/chunk_scope.hpp>
#include <rankwise/engine/call/travelling.hpp>
#include <rankwise/task.hpp>
#include <rankwise/wire/buffer.hpp>
#include <rankwise/wire/codec.hpp>

#include <tuple>
#include <type_traits>
#include <utility>

namespace rankwise::engine {

class abstract_root;

/// The shared values among what is given to tasks: those of a task, or of the arguments of one.
template <class Given>
struct shared_values_of {
  static constexpr bool any = false;
};

template <class... Values>
struct shared_values_of<std::tuple<Values...>> {
  static constexpr bool any = (travelled<Values>::is_shared || ...);

  /// Calls `use` with each of `all`, shared or not.
  template <class Use>
  static void visit(const std::tuple<Values...>& all, Use use) {
    std::apply([&](const Values&... each) { (use(each), ...); }, all);
  }
};

template <class Task, class... Values>
struct shared_values_of<task_with_values<Task, Values...>> {
  using values = shared_values_of<std::tuple<Values...>>;
  static constexpr bool any = values::any;

  template <class Use>
  static void visit(const task_with_values<Task, Values...>& task, Use use) {
    values::visit(task.values, use);
  }
};

/// A task of the library that runs one of the user's.
template <class Task>

  requires requires(const Task& task) {
    task.carried_task();
  }

struct shared_values_of<Task> {
  using values =
      shared_values_of<std::remove_cvref_t<decltype(std::declval<const Task&>().carried_task())>>;
  static constexpr bool any = values::any;

  template <class Use>
  static void visit(const Task& task, Use use) {
    values::visit(task.carried_task(), use);
  }
};

/// Fetches the shared values among `given` that this rank does not have yet; false if the call is
/// cancelled meanwhile.
template <class Given>
bool fetch_shared_values([[maybe_unused]] chunk_scope& scope, [[maybe_unused]] const Given& given) {
  bool are_here = true;
  if constexpr (shared_values_of<Given>::any) {
    shared_values_of<Given>::visit(given, [&]<class Value>(const Value& value) {
      if constexpr (travelled<Value>::is_shared) {
        if (!are_here || value.is_here(scope.context())) return;
        scope.outside_tasks([&] { are_here = value.fetch(scope.context()); });
      }
    });
  }
  return are_here;
}

/// Tells the other ranks what a task that ran in a process of its own has changed in the shared
/// values among `given`.
template <class Given>
void tell_shared_values([[maybe_unused]] const Given& given) {
  if constexpr (shared_values_of<Given>::any) {
    shared_values_of<Given>::visit(given, []<class Value>(const Value& value) {
      if constexpr (requires { value.tell(); }) value.tell();
    });
  }
}

/// Refuses shared values among `given` of another job than that of `root`, or of one that is over.
///
/// Throws: std::logic_error.
template <class Given>
void require_shared_values_of([[maybe_unused]] const abstract_root& root,
                              [[maybe_unused]] const Given& given) {
  if constexpr (shared_values_of<Given>::any) {
    shared_values_of<Given>::visit(given, [&]<class Value>(const Value& value) {
      if constexpr (travelled<Value>::is_shared) value.require_job_of(root);
    });
  }
}

/// Appends what tells `task` from another task of its type: what travels, but for a shared value
/// what it is in place of its number, which says nothing to another run of the program.
template <class Task>
void append_identity(const Task& task, wire::bytes& out) {
  if constexpr (!shared_values_of<Task>::any) {
    travelling<Task>::encode(task, out);
  } else {
    shared_values_of<Task>::visit(task, [&]<class Value>(const Value& value) {
      if constexpr (travelled<Value>::is_shared) {
        wire::append_value(out, value.digest());
      } else {
        wire::encoder<Value>(out).put(value);
      }
    });
  }
}

}  // namespace rankwise::engine
