// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/settlements.hpp>
#include <rankwise/core/types.hpp>
#include <rankwise/exchange/channels.hpp>
#include <rankwise/exchange/rank_objects.hpp>
#include <rankwise/random.hpp>
#include <rankwise/transport/machine.hpp>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

namespace rankwise {

struct access;

namespace engine {

/// What the tasks of one rank share. What belongs to a call or chunk is set by the thread that runs
/// tasks, when a chunk begins.
struct rank_context {
  rank_id rank = root_rank;
  std::string host;
  std::uint64_t seed = 0;
  std::uint32_t threads = 0;  ///< that a task may use; 0: nobody has said
  std::uint32_t call = 0;     ///< its number, among those of the body
  std::atomic<bool> cancelled{false};
  std::atomic<bool> is_leaving{false};    ///< the thread that runs tasks is wanted elsewhere
  std::atomic<bool> split_wanted{false};  ///< some of the item under way is for another rank
  static constexpr std::uint64_t no_item = UINT64_MAX;
  std::atomic<std::uint64_t> running{no_item};  ///< the item under way, or the last, in a chunk
  std::atomic<core::duration::rep> running_since{0};  ///< on the steady clock, at the latest
  std::atomic<bool> is_in_chunk{false};               ///< tasks of a chunk are being run
  std::atomic<core::duration::rep> task_limit{0};     ///< of the tasks of that; 0: none
  std::atomic<int> n_urgent{0};                       ///< objects whose messages must not wait
  bool again = false;  ///< the items under way may have been run before
  core::settlements settle;
  exchange::rank_objects kept;
  exchange::channels* others = nullptr;
  transport::machine* machine = &transport::machine::here();

  /// Nothing of what tasks have left or asked for is wanted any more.
  void let_go() {
    settle.reject_all();
    kept.keep_only({});
  }
};

}  // namespace engine

/// What a task may ask about itself. A task takes it by reference as its first argument, or leaves
/// it out.
class task_context {
 public:
  /// Made by whoever runs the task. `no_settling` says in which kind of call `when_settled` is
  /// refused, and why; null: it is not.
  task_context(engine::rank_context& context, std::uint64_t index, const char* no_settling)
      : context_(&context), index_(index), no_settling_(no_settling) {}

  /// The place of the item in the inputs of the call, from 0.
  ///
  /// Throws: std::logic_error in a pool::expand, whose items have no places.
  std::uint64_t index() const {
    if (index_ == engine::rank_context::no_item) refuse_place("index");
    return index_;
  }

  /// The rank that this task runs on.
  rank_id rank() const { return context_->rank; }

  /// The host of the rank that this task runs on.
  const std::string& host() const { return context_->host; }

  /// How many threads this task may use: what `--threads` or `options::threads` says, and 1 if
  /// nobody has said. A parallel region of OpenMP gets them by itself; TBB, std::thread and others
  /// are told by the task. They have ended when the task returns.
  std::uint32_t threads() const { return std::max<std::uint32_t>(1, context_->threads); }

  /// A stream of random numbers that depends on the job's `--seed`, the number of the call in the
  /// body (or its name: see `pool::named`) and the index alone: each call has streams of its own,
  /// and a task that runs again gets the same. Not for secrets.
  ///
  /// Throws: std::logic_error in a pool::expand.
  random_stream random() const {
    if (index_ == engine::rank_context::no_item) refuse_place("random");
    return {context_->seed, index_, context_->call};
  }

  /// True if the item may have been run before: by a rank that was lost, by a slower one, or with a
  /// task that threw. Such a run may even have been told that its result counts: what it has left
  /// behind, a file for example, is not somebody else's. A rank that was given up and has not heard
  /// of that, or that has a twin under --speculate, may run the item after another rank and is not
  /// told so.
  bool again() const { return context_->again; }

  /// True if the result is not wanted any more. A long task may look now and then, and then return
  /// anything, or throw.
  bool cancelled() const { return context_->cancelled.load(std::memory_order_relaxed); }

  /// Has `handler` called on this rank, by the thread that runs tasks, once it is known whether the
  /// result of this task counts: with true when the root has accepted it, before the call returns;
  /// with false when it is not wanted (the task threw, the call was over, or the item had been
  /// given to another rank), at the latest when the job ends. If the handler throws after true, the
  /// task counts as failed. A process that is killed calls nothing: let the kernel clean up after
  /// it.
  ///
  /// Throws: std::logic_error in a pool::reduce or pool::expand, and in a stage of a pipeline.
  void when_settled(core::settle_handler handler) {
    if (no_settling_ != nullptr) {
      throw std::logic_error(std::string("task_context::when_settled was called in ") +
                             no_settling_);
    }
    context_->settle.add(index_, std::move(handler));
  }

 private:
  friend struct access;

  [[noreturn, gnu::cold]] static void refuse_place(const char* name) {
    throw std::logic_error(
        std::string("task_context::") + name +
        " was called in a pool::expand, where the items have no places in the inputs: have each "
        "item carry a number of its own, and make a rankwise::random_stream of that");
  }

  engine::rank_context* context_;
  std::uint64_t index_;
  const char* no_settling_;
};

/// The type of `fn<Function>`.
template <auto Function>
struct function_task {
  template <class... Arguments>
    requires std::is_invocable_v<decltype(Function), Arguments...>

  decltype(auto) operator()(Arguments&&... arguments) const {
    return std::invoke(Function, std::forward<Arguments>(arguments)...);
  }
};

/// Any function. If several functions share one name (std::sqrt), the compiler can't know which is
/// meant, and says that it can't deduce this.
template <class Function>
concept one_function_or_else_write_a_lambda_that_calls_it = true;

/// A function as a task: `pool.map(inputs, rankwise::fn<make_key>)`. A pointer to it would mean
/// nothing on another rank; this names it by its type. A function that is overloaded is called by a
/// lambda: `[](double x) { return std::sqrt(x); }`.
template <one_function_or_else_write_a_lambda_that_calls_it auto Function>
inline constexpr function_task<Function> fn{};

namespace engine {

/// What travels for an argument of a task: a std::string for a string literal, the number of a
/// `shared` value.
template <class Value>
struct travelling_as {
  using type = Value;
};

template <class Pointer>
  requires std::is_same_v<Pointer, const char*> || std::is_same_v<Pointer, char*>

struct travelling_as<Pointer> {
  using type = std::string;
};

template <class Value>
using travelling_value = typename travelling_as<std::decay_t<Value>>::type;

/// How a task takes a value that has travelled.
template <class Value>
struct travelled {
  static constexpr bool is_shared = false;
  using given = const Value&;

  static given give(const Value& value) { return value; }
};

template <class Value>
using given_to_task = typename travelled<Value>::given;

}  // namespace engine

/// The type of `with(values...)(task)`.
template <class Task, class... Values>
struct task_with_values {
  std::tuple<Values...> values;

  template <class... Arguments>
    requires std::is_invocable_v<const Task&, Arguments..., engine::given_to_task<Values>...>

  decltype(auto) operator()(Arguments&&... arguments) const {
    return std::apply(
        [&](const Values&... each) -> decltype(auto) {
          return std::invoke(Task{},
                             std::forward<Arguments>(arguments)...,
                             engine::travelled<Values>::give(each)...);
        },
        values);
  }
};

/// A task that is named by its type alone.
template <class Task>
concept stateless_task = std::is_empty_v<Task> && std::is_default_constructible_v<Task>;

/// What `with` returns: makes a task that takes the values along.
template <class... Values>
class values_for_task {
 public:
  explicit values_for_task(std::tuple<Values...> values) : values_(std::move(values)) {}

  template <stateless_task Task>
  task_with_values<Task, Values...> operator()(const Task& /*task*/) && {
    return {std::move(values_)};
  }

  template <stateless_task Task>
  task_with_values<Task, Values...> operator()(const Task& /*task*/) const& {
    return {values_};
  }

  template <class Task>
    requires(!stateless_task<Task>)

  __attribute__((
      unavailable("rankwise: rankwise::with(values...)(task) takes rankwise::fn<f> or a lambda "
                  "that captures nothing: give it what it would capture as a value"))) auto
  operator()(const Task& /*task*/) const {
    return [](const auto&...) { return 0; };
  }

 private:
  std::tuple<Values...> values_;
};

/// Values that a task takes as its last arguments, in place of captures: `pool.map(inputs,
/// rankwise::with(factor, table)([](double input, double factor, const std::vector<double>& table)
/// { ... }))`. They are copied when `with` is called, and go to each rank once a call; all tasks of
/// a rank have the same ones, as `const`. What can be an input can be such a value, and so can a
/// `shared` one, which goes to each rank once.
template <class... Values>
values_for_task<engine::travelling_value<Values>...> with(Values&&... values) {
  using tuple = std::tuple<engine::travelling_value<Values>...>;
  return values_for_task<engine::travelling_value<Values>...>(
      tuple(std::forward<Values>(values)...));
}

}  // namespace rankwise
