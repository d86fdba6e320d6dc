// SPDX-License-Identifier: MIT
#pragma once

// First: what the compiler says of a value that can't travel names each file on the way there.
// clang-format off
#include <rankwise/wire/sendable.hpp>
// clang-format on

#include <rankwise/core/build_mode.hpp>  // each source that makes calls says how it was compiled
#include <rankwise/engine/call/abstract_root.hpp>
#include <rankwise/engine/call/each_rank_call.hpp>
#include <rankwise/engine/call/find_call.hpp>
#include <rankwise/engine/call/for_each_call.hpp>
#include <rankwise/engine/call/map_call.hpp>
#include <rankwise/engine/call/random_access.hpp>
#include <rankwise/engine/call/reduce_call.hpp>
#include <rankwise/engine/call/require_task.hpp>
#include <rankwise/engine/call/root_call.hpp>
#include <rankwise/options.hpp>
#include <rankwise/outcome.hpp>
#include <rankwise/statistics.hpp>
#include <rankwise/task.hpp>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <numeric>
#include <optional>
#include <ranges>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace rankwise {

struct access;
template <class Part>
class parts;
struct map_reduce_options;
struct pipeline_report;
template <class Number, class Better>
class shared_best;
struct place_options;
struct stream_options;
struct stream_report;

/// The ranks of the job, as the body sees them: a call hands its items out to whichever rank is
/// free, the root among them, and returns when all are done.
///
/// A task is a function `rankwise::fn<f>`, a lambda that captures nothing, or a function object
/// whose members can be sent. It takes an input, after a `task_context&` if it wants one. Inputs
/// are any range; where it is no random-access range it is copied first, and of
/// `std::views::iota(first, last)` only the first number is sent. Inputs and results are plain
/// data (a long double has two formats on PCs and Pis), strings, standard containers, aggregates of
/// such, or types with a Boost `serialize`. A task runs at least once, its result counts once: for
/// side effects see `task_context::when_settled`. Several threads of the body may make calls at
/// once, one of which runs the root's tasks; see `named`.
///
/// On the root, inputs are read and results and `combine` are worked on by two threads in turn with
/// the tasks: `serialize` functions, lazy views and `combine` must not change what they share, and
/// must not throw.
///
/// Throws: each call throws a task_error if tasks failed (see `--on-error`); no task of it runs any
/// more then. Where a value can't be encoded or decoded, or MPI fails, the job is brought down with
/// status 3.
class pool {
 public:
  /// Made by `rankwise::run`.
  pool(engine::abstract_root& root, const rankwise::options& how) : root_(&root), options_(how) {}

  /// Ranks of the job.
  std::uint32_t n_ranks() const { return root_->n_ranks(); }

  /// Ranks that run tasks: all, but for a root that does not work and what the options leave out.
  std::uint32_t n_workers() const { return n_used() - first_worker(); }

  /// The first of those: 1 where the root does not work.
  std::uint32_t first_worker() const { return options_.root_works || n_used() == 1 ? 0 : 1; }

  /// Figures of all calls so far.
  job_statistics totals() const { return root_->totals(); }

  /// What the user has asked for.
  const rankwise::options& options() const { return options_; }

  /// A pool of the same ranks whose calls follow other options.
  pool with(const rankwise::options& how) const {
    pool other = *this;
    other.options_ = how;
    return other;
  }

  /// The same pool, whose calls have a name: their random numbers, and their place in a journal,
  /// depend on it and on how many calls of that name came before, in place of all calls. On other
  /// threads than the body's own, calls need one if they are journaled or take a `task_context`.
  pool named(std::string name) const {
    pool other = *this;
    other.options_.name = std::move(name);
    return other;
  }

  /// What `task` returns for each of `inputs`, in the order of the inputs.
  template <std::ranges::input_range Inputs, class Task>
  auto map(Inputs&& inputs, const Task& task) const {
    if constexpr (!engine::require_mapping<Inputs, Task>()) {
      return engine::refused_results<Inputs, Task>();
    } else {
      return map_unless(inputs, task, nullptr);
    }
  }

  template <class Value, class Task>
  auto map(std::initializer_list<Value> inputs, const Task& task) const {
    return map(std::vector<Value>(inputs), task);
  }

  /// The same for results that stand for something outside the job, such as a file, and where a job
  /// goes on from a journal: `still_counts(index, result)` is asked on the root, before any task
  /// runs, of each result that the journal holds. Where it says false the item is run again, with
  /// `task_context::again`, and so are those that were reported together with it.
  template <std::ranges::input_range Inputs, class Task, class StillCounts>
    requires engine::judge_of<StillCounts, Inputs, std::remove_cvref_t<Task>>

  auto map(Inputs&& inputs, Task&& task, StillCounts&& still_counts) const {
    static_assert(engine::require_mapping<Inputs, std::remove_cvref_t<Task>>());
    return map_unless(inputs, std::as_const(task), std::cref(still_counts));
  }

  /// The first of `inputs` for which `task` finds something, whatever the number of ranks. The task
  /// returns true or a std::optional that holds what it has found; find_first then gives a
  /// std::optional of the place in the inputs, or of a `found`. What comes behind is cancelled once
  /// all before has been searched: it may have been run, and its failures do not count. Under
  /// --on-error stop and retry the first task that fails ends the search too.
  ///
  /// Throws: task_error if tasks failed before the first find.
  template <std::ranges::input_range Inputs, class Task>
  auto find_first(Inputs&& inputs, const Task& task) const {
    if constexpr (!engine::require_search<Inputs, Task>()) {
      return std::optional<std::uint64_t>();
    } else {
      return on_random_access(inputs, [&]<class Range>(const Range& range) {
        using result =
            std::remove_cvref_t<engine::task_result_t<Task, std::ranges::range_value_t<Range>>>;
        engine::find_call<Range, Task, result> call(
            range, task, options_.on_error != on_error_kind::collect);
        run(call, "pool::find_first");
        auto first = call.release();
        if constexpr (std::is_same_v<result, bool>) {
          return first ? std::optional(first->first) : std::nullopt;
        } else {
          using value = typename result::value_type;
          return first ? std::optional(found<value>{first->first, std::move(*first->second)})
                       : std::nullopt;
        }
      });
    }
  }

  template <class Value, class Task>
  auto find_first(std::initializer_list<Value> inputs, const Task& task) const {
    return find_first(std::vector<Value>(inputs), task);
  }

  /// What became of each of `inputs`, in their order: what `task` returned, or a failure. Tasks
  /// that fail do not end the call, whatever `--on-error` says; under retry each is tried again
  /// first. An item that is given up (ranks were lost while they ran it, or it took too long) has
  /// failed too, and so has one that a journal holds as failed.
  ///
  /// Throws: what is no failure of a task, as every call does.
  template <std::ranges::input_range Inputs, class Task>
  auto try_map(Inputs&& inputs, const Task& task) const {
    using element = std::ranges::range_value_t<Inputs>;
    if constexpr (!engine::require_mapping<Inputs, Task>()) {
      return engine::refused_outcomes<Inputs, Task>();
    } else {
      return on_random_access(inputs, [&]<class Range>(const Range& range) {
        using result = std::remove_cvref_t<engine::task_result_t<Task, element>>;
        engine::map_call<Range, Task, result> call(range, task);
        call.keep_failures();
        run(call, "pool::try_map");
        return call.release_outcomes();
      });
    }
  }

  template <class Value, class Task>
  auto try_map(std::initializer_list<Value> inputs, const Task& task) const {
    return try_map(std::vector<Value>(inputs), task);
  }

  /// What `task` returns on each rank that runs tasks, in the order of the ranks. It runs once on
  /// each, at the same time, and takes the number of the rank among them.
  template <class Task>
  auto on_each_rank(const Task& task) const {
    using rows = std::vector<std::uint32_t>;
    if constexpr (!engine::require_task<Task, std::uint32_t>()) {
      return engine::refused_results<rows, Task>();
    } else {
      using result = std::remove_cvref_t<engine::task_result_t<Task, std::uint32_t>>;
      rows workers(n_workers());
      std::iota(workers.begin(), workers.end(), 0U);
      if constexpr (std::is_void_v<result>) {
        engine::each_rank_call<Task> call(std::move(workers), task);
        run(call, "pool::on_each_rank", core::placement::one_each);
      } else if constexpr (engine::require_result<Task, std::uint32_t>()) {
        engine::each_rank_call<Task> call(std::move(workers), task);
        run(call, "pool::on_each_rank", core::placement::one_each);
        return call.release();
      } else {
        return engine::refused_results<rows, Task>();
      }
    }
  }

  /// Runs `task` for each of `inputs`; what it returns is dropped where it ran.
  template <std::ranges::input_range Inputs, class Task>
  void for_each(Inputs&& inputs, const Task& task) const {
    if constexpr (!engine::require_end<Inputs>()) {
      return;
    } else if constexpr (engine::require_task<Task, std::ranges::range_value_t<Inputs>>()) {
      on_random_access(inputs, [&]<class Range>(const Range& range) {
        engine::for_each_call<Range, Task> call(range, task);
        run(call, "pool::for_each");
      });
    }
  }

  template <class Value, class Task>
  void for_each(std::initializer_list<Value> inputs, const Task& task) const {
    for_each(std::vector<Value>(inputs), task);
  }

  /// `initial` combined with what `task` returns for all `inputs`, in order; `initial` where there
  /// are none.
  ///
  /// `combine(left, right)` must be associative. It is applied along one binary tree over the
  /// index, so that also floats come out the same on any number of ranks. What the task and
  /// `combine` return is a value of the type of `initial`, or becomes one without being cut off.
  template <std::ranges::input_range Inputs, class Value, class Combine, class Task = std::identity>
  Value reduce(Inputs&& inputs,
               Value initial,
               const Combine& combine,
               const Task& task = {}) const {
    if constexpr (!engine::require_reduction<Inputs, Value, Combine, Task>()) {
      return initial;
    } else {
      return on_random_access(inputs, [&]<class Range>(const Range& range) -> Value {
        engine::reduce_call<Range, Task, Value, Combine> call(range, task, combine);
        run(call, "pool::reduce");
        std::optional<Value> all = call.release();
        return all ? combine(std::move(initial), std::move(*all)) : std::move(initial);
      });
    }
  }

  template <class Input, class Value, class Combine, class Task = std::identity>
  Value reduce(std::initializer_list<Input> inputs,
               Value initial,
               const Combine& combine,
               const Task& task = {}) const {
    return reduce(std::vector<Input>(inputs), std::move(initial), combine, task);
  }

  /// Hands out `task(arguments...)`, to be run by whichever rank is free, and returns at once: the
  /// `future` is for what the task will have returned. The task is `rankwise::fn<f>` or a lambda
  /// that captures nothing, and takes a `task_context&` first if it wants one. Ranks work on it
  /// while the body goes on; the root's own does while the body waits. All that was submitted is
  /// done when the body has returned, and a failure that no future was asked for ends the job as
  /// one of `map` does. Include <rankwise/future.hpp>.
  ///
  /// An argument may be a `future`, for whose value the task waits. It keeps the value, unless it
  /// is given away with std::move. If its task fails or is cancelled, so does this one.
  ///
  /// Throws: config_error if calls are journaled; std::logic_error inside a task, and for a future
  /// of no task or of another job.
  template <class Task, class... Arguments>
  auto submit(const Task& task, Arguments&&... arguments) const;

  /// Gives all tasks of later calls `value`, which goes to each rank once, when tasks there first
  /// need it, from rank to rank: `pool.map(inputs, rankwise::with(table)(task))`, and as an
  /// argument of `submit`. Tasks take it as `const Value&`; a container of plain data
  /// (std::vector<double>), or a std::span of such, as `std::span<const double>`, and a std::string
  /// as std::string_view. It is let go of when the last handle is gone. Include
  /// <rankwise/shared.hpp>.
  ///
  /// Throws: std::logic_error inside a task.
  template <class Value>
  auto share(Value&& value) const;

  /// The same for the bytes of a file, which the root reads: a `std::span<const std::byte>`.
  ///
  /// Throws: config_error, naming the path, if it can't be read.
  auto share_file(const std::string& path) const;

  /// The smallest number that tasks have offered, on all ranks and in all calls that are given
  /// this: `rankwise::with(best)(task)`, or as an argument of `submit`; `initial` at first. A task
  /// takes it as `const rankwise::shared_min<Number>&`, says `best.offer(cost)` of what it has
  /// achieved, and goes on with what is `best.worth(bound)`; the body reads `best.value()`. For
  /// branch and bound: the optimum is exact, and how much was searched is not. Include
  /// <rankwise/shared_best.hpp>.
  ///
  /// Throws: std::invalid_argument for NaN; std::logic_error inside a task. A call that is given
  /// one throws a config_error if it is journaled.
  template <class Number>
  auto shared_min(Number initial) const;

  /// The same for the largest: `const rankwise::shared_max<Number>&`.
  template <class Number>
  auto shared_max(Number initial) const;

  /// Runs `task` for what `source` gives, which may be endless or slow, and calls `sink` with what
  /// comes of it, in the order of the source if `how` does not say otherwise. Only so much is read
  /// ahead as keeps the ranks at work, so memory is bounded whichever side is slow.
  ///
  /// The source is a range, or a callable that returns a std::optional: an empty one is the end. It
  /// is read on a thread of its own. The sink takes a result, after the number of its item if it
  /// wants that; it is called here, between tasks. If it returns false it has enough: the rest is
  /// cancelled. Include <rankwise/stream.hpp>.
  ///
  /// Throws: task_error if tasks failed: under --on-error collect when all other results have come
  /// to the sink; what source and sink throw, as it is; config_error if calls are journaled.
  template <class Source, class Task, class Sink>
  stream_report stream(Source&&, const Task&, Sink&&, const stream_options& how) const;

  template <class Source, class Task, class Sink>
  stream_report stream(Source&& source, const Task& task, Sink&& sink) const;

  /// The same with no sink: what the task returns is dropped where it ran.
  template <class Source, class Task>
  stream_report stream(Source&& source, const Task& task) const;

  /// `initial` combined with what `task` returns for each of `roots`, and for all that it finds on
  /// the way: `task(item, more)` may call `more.push(another)`, on an `expansion<Item>&`, any
  /// number of times. It takes a `task_context&` first if it wants one. Ranks that have nothing
  /// left are given half of what waits on others.
  ///
  /// `combine(left, right)` must be associative and commutative; the last bits of floats may differ
  /// from run to run. A rank goes through its items depth first, without recursion. Include
  /// <rankwise/expansion.hpp>.
  ///
  /// Throws: config_error for --journal, --isolate and --on-error collect. The index in a
  /// task_error is of a bundle of items.
  template <std::ranges::input_range Roots, class Value, class Combine, class Task>
  Value expand(Roots&& roots, Value initial, const Combine& combine, const Task& task) const;

  template <class Item, class Value, class Combine, class Task>
  Value expand(std::initializer_list<Item>, Value initial, const Combine&, const Task&) const;

  /// Has `make_part`, a task, make a part of each of `inputs`, which stays on its rank: the result
  /// is what `map`, `for_each` and `reduce` take as inputs. Include <rankwise/parts.hpp>.
  ///
  /// Throws: config_error for --journal and --isolate; std::logic_error inside a task.
  template <std::ranges::input_range Inputs, class Make>
  auto place(Inputs&& inputs, const Make& make_part) const;

  template <std::ranges::input_range Inputs, class Make>
  auto place(Inputs&& inputs, const Make& make_part, const place_options& how) const;

  /// Runs `task`, which takes `const Part&`, or `Part&` to change it, on each part where it lies. A
  /// call that throws has changed none. Lost parts are made again: tasks do the same each time.
  ///
  /// Throws: also config_error for --journal, and for --isolate if the task changes parts.
  template <class Part, class Task>
  auto map(const parts<Part>& over, const Task& task) const;

  template <class Part, class Task>
  void for_each(const parts<Part>& over, const Task& task) const;

  template <class Part, class Value, class Combine, class Task = std::identity>
  Value reduce(const parts<Part>& over, Value initial, const Combine&, const Task& = {}) const;

  /// Has `mapper(input, emit)` called for each of `inputs` wherever a rank is free; the values that
  /// it emits for one key are combined with `combine(left, right)`, which must be associative and
  /// commutative. The result stays on the ranks: see `distributed`.
  ///
  /// A mapper is a task whose last parameter is an `emitter<Key, Value>&`, after the input and, if
  /// it wants one, a `task_context&`. It takes an input of type `split` as an `input&` that is
  /// open. Keys are strings, integers, or anything that can be sent and is equal where its bytes
  /// are; values that belong to a `bin<N>` stand in an array, the one value of `single` by itself.
  ///
  /// Throws: config_error where the options are --on-error retry: what a task has emitted before it
  /// threw can't be taken back.
  template <class Inputs, class Mapper, class Combine>
  auto map_reduce(Inputs&& inputs, const Mapper& mapper, const Combine& combine) const;

  template <class Inputs, class Mapper, class Combine>
  auto map_reduce(Inputs&&, const Mapper&, const Combine&, const map_reduce_options& how) const;

  /// As `map_reduce` without combining: the value of a key is the list of all that was emitted for
  /// it, in no order.
  template <class Inputs, class Mapper>
  auto group_by(Inputs&& inputs, const Mapper& mapper) const;

  template <class Inputs, class Mapper>
  auto group_by(Inputs&& inputs, const Mapper& mapper, const map_reduce_options& how) const;

  /// Sends items from a source on the root through stages, each on ranks of its own, to a sink on
  /// the root, in order: see `stage` and `pipeline::run`. Items go straight from rank to rank;
  /// while one is computed, others are on their way.
  ///
  ///     pool.pipeline(lines, rankwise::fn<parse>, rankwise::stage(rankwise::fn<make_scorer>,
  ///                   {.replicas = 3}), [](double score) { fmt::print("{}\n", score); });
  template <class Source, class... StagesAndSink>
  pipeline_report pipeline(Source&& source, StagesAndSink&&... stages_and_sink) const;

  /// Makes the stages of a pipeline on their ranks, for items of type Input; a std::vector of
  /// stages stands for as many. The result is a `rankwise::pipeline`, which can run more than once.
  ///
  /// Throws: task_error where a stage can't be made; std::invalid_argument where one names a rank
  /// that is not there.
  template <class Input, class... Stages>
  auto make_pipeline(Stages&&... stages) const;

  // Mistakes that are easily made, each refused with a sentence.
  template <class NoRange, class Task>
    requires(!std::ranges::input_range<NoRange>)
  __attribute__((
      unavailable("rankwise: pool::map takes a range of inputs: for the numbers from 0 "
                  "to n - 1 write std::views::iota(0, n)"))) std::vector<int>
  map(const NoRange& inputs, const Task& task) const;

  template <class NoRange, class Task>
    requires(!std::ranges::input_range<NoRange>)
  __attribute__((
      unavailable("rankwise: pool::for_each takes a range of inputs: for the numbers "
                  "from 0 to n - 1 write std::views::iota(0, n)"))) void
  for_each(const NoRange& inputs, const Task& task) const;

  template <class First, class Second, class Third, class... More>
  __attribute__((
      unavailable("rankwise: pool::map takes one range and a task: put the ranges into "
                  "one of pairs or tuples, whose parts the task takes as so many "
                  "parameters"))) std::vector<int>
  map(First&& first, Second&& second, Third&& third, More&&... more) const;

  template <class First, class Second, class Third, class... More>
  __attribute__((
      unavailable("rankwise: pool::for_each takes one range and a task: put the ranges "
                  "into one of pairs or tuples, whose parts the task takes as so many "
                  "parameters"))) void
  for_each(First&& first, Second&& second, Third&& third, More&&... more) const;

 private:
  friend struct access;

  template <class Inputs, class Task, class Judge>
  auto map_unless(Inputs& inputs, const Task& task, const Judge& judge) const {
    return on_random_access(inputs, [&]<class Range>(const Range& range) {
      using result =
          std::remove_cvref_t<engine::task_result_t<Task, std::ranges::range_value_t<Range>>>;
      engine::map_call<Range, Task, result> call(range, task, judge);
      run(call, "pool::map");
      return call.release();
    });
  }

  template <class Part, class Task, class Call>
  void run_over_parts(const parts<Part>& over, const Task&, const char* name, const Call&) const;

  void run(engine::root_call& call,
           const char* name,
           core::placement place = core::placement::anywhere) const {
    call.require_shared_values(*root_);
    call.set_number(number_call());
    root_->run(call, options_, name_ != nullptr ? name_ : name, place);
  }

  template <class Number, class Better>
  shared_best<Number, Better> share_best(Number initial, const char* name) const;

  /// An argument of `submit`, as it waits for the others.
  template <class Argument>
  static auto given_for(Argument&& argument);

  /// Throws: std::logic_error if `argument` is a future of no task, or of another job.
  template <class Argument>
  void require_own(const Argument& argument) const;

  std::uint32_t number_call() const { return within_ ? *within_ : root_->number_call(options_); }

  std::uint32_t n_used() const {
    return options_.max_ranks == 0 ? n_ranks() : std::min(options_.max_ranks, n_ranks());
  }

  template <class Inputs, class Use>
  static auto on_random_access(Inputs& inputs, Use use) {
    decltype(auto) range = engine::random_access(inputs);
    return use(range);
  }

  engine::abstract_root* root_;
  rankwise::options options_;
  std::optional<std::uint32_t> within_;  // the call that these calls are parts of
  const char* name_ = nullptr;           // for messages; null: that of each call
};

}  // namespace rankwise
