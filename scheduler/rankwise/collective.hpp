// SPDX-License-Identifier: MIT
#pragma once

// For a program that uses MPI itself: the library on a communicator of its own.
//
// All calls here are collective over their communicator: each of its ranks makes the same call.
// Any communicator of one group will do, an MPI_Comm or what converts to one, such as a
// boost::mpi::communicator; MPI may have been initialised by anyone, at any thread level. The
// library works on its own duplicate. All ranks throw, or none:
//
//  - the same task_error, config_error, rank_lost or journal_error; where the body on rank 0 throws
//    anything else, the other ranks throw root_failed with its text;
//  - config_error, before anything runs, if MPI is not usable here, if the ranks' programs differ,
//  or
//    if they have come in different calls;
//  - std::logic_error if another such call is under way in this process.
//
// A rank where MPI fails, or a message can't be read, says so and ends the job. Nothing survives
// the loss of a rank: mpirun then ends the job, and where it does not, the call hangs as MPI's own
// collectives do.

#include <rankwise/engine/call/item_source.hpp>
#include <rankwise/engine/call/local_task.hpp>
#include <rankwise/engine/call/random_access.hpp>
#include <rankwise/engine/job/collective_call.hpp>
#include <rankwise/engine/job/job.hpp>
#include <rankwise/error.hpp>
#include <rankwise/options.hpp>
#include <rankwise/outcome.hpp>
#include <rankwise/pool.hpp>
#include <rankwise/stream.hpp>
#include <rankwise/wire/sendable.hpp>

#include <boost/mpi/communicator.hpp>
#include <mpi.h>

#include <concepts>
#include <cstdint>
#include <functional>
#include <optional>
#include <ranges>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace rankwise {

/// How `rankwise::map` and its like run on a communicator.
struct collective_options {
  /// Results come to all ranks of the communicator; else to rank 0 alone. The same on all ranks.
  bool everywhere = false;
  /// How the call is run, with what progress and summary: read on rank 0 alone. (A journal is
  /// refused: it can't tell what a callable holds.)
  rankwise::options options = {};
};

namespace engine {

/// Runs a job on the ranks of a communicator; all ranks throw, or none.
void run_together(MPI_Comm communicator, const options& how, const collective_call& call);

/// The same for measurements: where rank 0 throws, the others return. If `survives`, the library
/// does its part for lost ranks; MPI does not.
void run_collectively(const boost::mpi::communicator& communicator,
                      const options& how,
                      const job_body& body,
                      bool survives);

inline void refuse_journal(const collective_options& how) {
  if (how.options.journal.empty()) return;
  throw config_error(
      "found a journal for a collective call, accepted: none, as a journal can't tell what the "
      "callable holds; or rankwise::run on the communicator, with a pool");
}

/// Lends `task` to this rank's part of the call `name`, and has `body(pool, indices)` run on rank
/// 0. Returns what that gives; on the other ranks `elsewhere`, unless results are wanted
/// everywhere.
template <class Result, class Range, class Task, class Body>
Result run_local(MPI_Comm communicator,
                 const char* name,
                 const Range& inputs,
                 const Task& task,
                 const collective_options& how,
                 Result elsewhere,
                 Body body) {
  refuse_journal(how);
  using callable = local_task<result_of<Range, Task>>;
  const typename callable::function mine = by_index(inputs, task);
  const typename callable::lend lent(mine);
  const auto n = static_cast<std::uint64_t>(std::ranges::size(inputs));
  const auto run = [&](pool& ranks) {
    return body(ranks, std::views::iota(std::uint64_t{0}, n), callable());
  };
  if constexpr (std::is_same_v<Result, std::monostate>) {
    run_together(communicator, how.options, call_for(collective_form(name, false, n), run));
  } else {
    run_together(communicator,
                 how.options,
                 call_for(collective_form(name, how.everywhere, n), elsewhere, run));
  }
  return elsewhere;
}

}  // namespace engine

/// Runs `body(pool)` on rank 0 of `communicator`, while the other ranks run the tasks that it hands
/// out.
///
/// Collective over `communicator`: all its ranks call it, with options that are read on rank 0
/// alone. Throws: on rank 0, what `body` throws; on the others the same error, or root_failed.
template <std::invocable<pool&> Body>
void run(MPI_Comm communicator, const options& how, Body body) {
  engine::run_together(
      communicator, how, engine::call_for(engine::collective_form("run", false, 0), body));
}

template <std::invocable<pool&> Body>
void run(MPI_Comm communicator, Body body) {
  run(communicator, {}, std::move(body));
}

/// As `run`; what `body` returns comes to all ranks of the communicator.
template <std::invocable<pool&> Body>
auto run_everywhere(MPI_Comm communicator, const options& how, Body body) {
  using result = std::remove_cvref_t<std::invoke_result_t<Body&, pool&>>;
  static_assert(!std::is_void_v<result>,
                "rankwise: the body of rankwise::run_everywhere returns what all ranks get: use "
                "rankwise::run where it returns nothing");
  if constexpr (!std::is_void_v<result>) {
    static_assert(wire::require_sendable<result>() && wire::require_default<result>());
    result value{};
    engine::run_together(
        communicator,
        how,
        engine::call_for(engine::collective_form("run_everywhere", true, 0), value, body));
    return value;
  }
}

/// What `task` returns for each of `inputs`, in the order of the inputs: on rank 0 of the
/// communicator, or on all ranks; else empty.
///
/// Each rank has inputs and task of its own, which are the same in all: nothing of them travels but
/// the numbers of the items. So a task may be any callable, with captures, also by reference, and
/// inputs of any type. Results travel. What a task changes, it changes on the rank that it ran on.
///
/// Collective over `communicator`. Throws: task_error, on all ranks, if tasks failed.
template <std::ranges::input_range Inputs, class Task>
auto map(MPI_Comm communicator,
         Inputs&& inputs,
         const Task& task,
         const collective_options& how = {}) {
  if constexpr (!engine::require_local_mapping<Inputs, Task>()) {
    return engine::refused_results<Inputs, Task>();
  } else {
    decltype(auto) range = engine::random_access(inputs);
    using results = std::vector<engine::result_of<std::remove_cvref_t<decltype(range)>, Task>>;
    return engine::run_local(communicator,
                             "map",
                             range,
                             task,
                             how,
                             results(),
                             [](pool& ranks, const auto& indices, const auto& mine) {
                               return ranks.map(indices, mine);
                             });
  }
}

/// Runs `task` for each of `inputs`, on whichever rank is free: see `map`. What it returns is
/// dropped.
template <std::ranges::input_range Inputs, class Task>
void for_each(MPI_Comm communicator,
              Inputs&& inputs,
              const Task& task,
              const collective_options& how = {}) {
  if constexpr (engine::require_local_task<Inputs, Task>()) {
    decltype(auto) range = engine::random_access(inputs);
    using element = std::ranges::range_value_t<std::remove_cvref_t<decltype(range)>>;
    const auto run = [&]([[maybe_unused]] task_context& context, const element& value) {
      if constexpr (engine::takes_context<Task, element>) {
        engine::call_task(task, value, context);
      } else {
        engine::call_task(task, value);
      }
    };
    engine::run_local(
        communicator,
        "for_each",
        range,
        run,
        how,
        std::monostate(),
        [](pool& ranks, const auto& indices, const auto& mine) { ranks.for_each(indices, mine); });
  }
}

/// `initial` combined with what `task` returns for all `inputs`: see `map`, and `pool::reduce`. On
/// ranks that get no result it is `initial`.
template <std::ranges::input_range Inputs, class Value, class Combine, class Task>
Value reduce(MPI_Comm communicator,
             Inputs&& inputs,
             Value initial,
             const Combine& combine,
             const Task& task,
             const collective_options& how = {}) {
  if constexpr (!engine::require_local_reduction<Inputs, Value, Combine, Task>()) {
    return initial;
  } else {
    decltype(auto) range = engine::random_access(inputs);
    using combining = engine::local_combine<Value>;
    const typename combining::function mine = [&](Value left, Value right) -> Value {
      return std::invoke(combine, std::move(left), std::move(right));
    };
    const typename combining::lend lent(mine);
    return engine::run_local(communicator,
                             "reduce",
                             range,
                             task,
                             how,
                             initial,
                             [&](pool& ranks, const auto& indices, const auto& each) {
                               return ranks.reduce(indices, initial, combining(), each);
                             });
  }
}

/// The first of `inputs` for which `task` finds something: see `map`, and `pool::find_first`. On
/// ranks that get no result it is empty.
template <std::ranges::input_range Inputs, class Task>
auto find_first(MPI_Comm communicator,
                Inputs&& inputs,
                const Task& task,
                const collective_options& how = {}) {
  if constexpr (!engine::require_local_search<Inputs, Task>()) {
    return std::optional<std::uint64_t>();
  } else {
    decltype(auto) range = engine::random_access(inputs);
    const auto search = [](pool& ranks, const auto& indices, const auto& mine) {
      return ranks.find_first(indices, mine);
    };
    using result = engine::result_of<std::remove_cvref_t<decltype(range)>, Task>;
    if constexpr (std::is_same_v<result, bool>) {
      return engine::run_local(
          communicator, "find_first", range, task, how, std::optional<std::uint64_t>(), search);
    } else {
      return engine::run_local(communicator,
                               "find_first",
                               range,
                               task,
                               how,
                               std::optional<found<typename result::value_type>>(),
                               search);
    }
  }
}

/// Runs `task` for what `source` gives on rank 0, and calls `sink` there with what comes of it: see
/// `pool::stream`. Source and sink are those of rank 0; the task, which may have captures, is each
/// rank's own, as in `map`. Items and results travel. The report is that of rank 0; on the other
/// ranks it is empty if they are not to have it.
template <class Source, class Task, class Sink>
stream_report stream(MPI_Comm communicator,
                     Source&& source,
                     const Task& task,
                     Sink&& sink,
                     const stream_options& how_far = {},
                     const collective_options& how = {}) {
  using item = engine::source_item<Source>;
  stream_report done;
  if constexpr (engine::form_of_call<Task, item>() == engine::call_form::none) {
    engine::refused::does_not_take_input<Task, item>();
  } else {
    engine::refuse_journal(how);
    using result = std::remove_cvref_t<engine::task_result_t<Task, item>>;
    using callable = engine::local_callable<result, task_context&, const item&>;
    const typename callable::function mine = [&task]([[maybe_unused]] task_context& context,
                                                     const item& input) -> result {
      if constexpr (engine::takes_context<Task, item>) {
        return engine::call_task(task, input, context);
      } else {
        return engine::call_task(task, input);
      }
    };
    const typename callable::lend lent(mine);
    const auto run = [&](pool& ranks) { return ranks.stream(source, callable(), sink, how_far); };
    engine::run_together(
        communicator,
        how.options,
        engine::call_for(engine::collective_form("stream", how.everywhere, 0), done, run));
  }
  return done;
}

// A body that takes no pool, which is easily forgotten.
template <class Body>
  requires(!std::invocable<Body, pool&>)

__attribute__((
    unavailable("rankwise: the body of rankwise::run takes the ranks of the job: "
                "[&](rankwise::pool& pool) { ... }"))) void
run(MPI_Comm /*communicator*/, const options& /*how*/, Body /*body*/) {}

}  // namespace rankwise

#ifndef RANKWISE_COMPILED
#include <rankwise/engine/job/run_on_communicator.hpp>
#endif
