// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/reduction_tree.hpp>
#include <rankwise/core/types.hpp>
#include <rankwise/engine/call/chunk_scope.hpp>
#include <rankwise/engine/call/inputs.hpp>
#include <rankwise/engine/call/outputs.hpp>
#include <rankwise/engine/call/run_items.hpp>
#include <rankwise/engine/call/task_registry.hpp>
#include <rankwise/error.hpp>
#include <rankwise/outcome.hpp>
#include <rankwise/wire/codec.hpp>

#include <boost/core/demangle.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <ranges>
#include <span>
#include <string>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <vector>

namespace rankwise::engine {

/// How far a call is whose items are not those that the root hands out.
struct call_figures {
  std::uint64_t items_done = 0;
  std::uint64_t items_total = 0;
  std::uint64_t failures = 0;
  double task_s = 0;  ///< rank-seconds in tasks
};

/// A call as the root knows it. All but `run` is called under the lock of the pump.
class root_call {
 public:
  root_call() = default;
  root_call(const root_call&) = delete;
  root_call& operator=(const root_call&) = delete;
  root_call(root_call&&) = delete;
  root_call& operator=(root_call&&) = delete;
  virtual ~root_call() = default;

  /// Among the calls of the body: its random streams depend on it.
  std::uint32_t number() const { return number_; }

  void set_number(std::uint32_t number) { number_ = number; }

  /// Whether tasks that fail neither end the call nor make it throw: it hands out what became of
  /// each item.
  bool keeps_failures() const { return keeps_failures_; }

  void keep_failures() { keeps_failures_ = true; }

  /// Those, in the order of their items, once the call is over.
  std::vector<task_failure>& failures() { return failures_; }

  /// Whether its tasks can ask for random numbers.
  virtual bool may_draw() const { return false; }

  virtual std::uint64_t n_items() const = 0;

  /// Of the `remote_call` that the other ranks make.
  virtual std::uint64_t name_hash() const = 0;

  /// Appends what the other ranks make it from.
  virtual void encode_call(wire::bytes& out) const = 0;

  /// Appends the inputs of a chunk.
  virtual void encode_inputs(core::item_range items, wire::bytes& out) const = 0;

  /// Takes results that count.
  virtual void take(core::item_range items, std::span<const std::byte> results) = 0;

  /// Whether results that a journal held, and that were taken, need not be made again.
  virtual bool still_counts(core::item_range /*items*/) { return true; }

  /// Runs a chunk here.
  virtual void run(chunk_scope& scope) = 0;

  /// Whether an item may run again, here or on another rank. Where it may not, what a task leaves
  /// on its rank can't be taken back: no item is tried again or given to a second rank, and the
  /// call ends where a rank is lost.
  virtual bool may_run_again() const { return true; }

  /// For people: of the task's type.
  virtual std::string task_name() const { return {}; }

  /// What is run here is to be reported like what other ranks run, with results for `take`.
  virtual void keep_results_encoded() {}

  /// None where the coordinator knows.
  virtual std::optional<call_figures> figures() const { return std::nullopt; }

  /// For people, where the job ends in the middle of the call: what else to say of it.
  virtual std::string under_way() const { return {}; }

 private:
  std::uint32_t number_ = 0;
  bool keeps_failures_ = false;
  std::vector<task_failure> failures_;
};

/// Tasks say with a member `runs_once` that they may not run again for an item.
template <class Task>
inline constexpr bool runs_once = requires {
  Task::runs_once;
};

/// A callable on its way to another rank. One without state is named by its type, and nothing of it
/// is sent.
template <class Callable>
struct travelling {
  static void encode(const Callable& callable, wire::bytes& out) {
    if constexpr (!std::is_empty_v<Callable>) wire::encoder<Callable>(out).put(callable);
  }

  /// Takes the callable off the front of `bytes`.
  static Callable decode(std::span<const std::byte>& bytes) {
    if constexpr (std::is_empty_v<Callable>) {
      return Callable{};
    } else {
      wire::decoder<Callable> decoder(bytes);
      Callable callable = decoder.get();
      bytes = bytes.last(decoder.remaining());
      return callable;
    }
  }
};

/// Where the inputs come from on the other ranks.
template <class Range, bool = is_iota<Range>>
struct input_source {
  using value_type = std::ranges::range_value_t<Range>;

  static void encode(const Range& /*range*/, wire::bytes& /*out*/) {}

  explicit input_source(std::span<const std::byte>& /*call*/) {}

  received_inputs<value_type> open(std::span<const std::byte> chunk) const {
    return received_inputs<value_type>(chunk);
  }
};

template <class Range>
struct input_source<Range, true> {
  using value_type = std::ranges::range_value_t<Range>;

  static void encode(const Range& range, wire::bytes& out) {
    wire::append_value(out, range.empty() ? value_type{} : range.front());
  }

  explicit input_source(std::span<const std::byte>& call) {
    wire::reader reader(call);
    inputs.first = reader.take_value<value_type>();
    call = call.last(reader.remaining());
  }

  counted_inputs<value_type> open(std::span<const std::byte> /*chunk*/) const { return inputs; }

  counted_inputs<value_type> inputs;
};

/// The callable and the inputs, which all calls have; `Derived` adds where results go.
template <class Derived, class Range, class Task>
class call_base : public root_call {
 public:
  call_base(const Range& range, const Task& task) : range_(&range), inputs_(range), task_(task) {}

  bool may_draw() const override { return takes_context<Task, std::ranges::range_value_t<Range>>; }

  std::uint64_t n_items() const override { return inputs_.size(); }

  std::uint64_t name_hash() const override {
    return registration<typename Derived::remote>::name_hash();
  }

  void encode_call(wire::bytes& out) const override {
    input_source<Range>::encode(*range_, out);
    travelling<Task>::encode(task_, out);
  }

  void encode_inputs(core::item_range items, wire::bytes& out) const override {
    if constexpr (!is_iota<Range>) inputs_.encode(items, out);
  }

  bool may_run_again() const override { return !runs_once<Task>; }

  std::string task_name() const override { return boost::core::demangle(typeid(Task).name()); }

 protected:
  template <class Output>
  void run_here(chunk_scope& scope, Output& output) {
    run_items(scope, task_, inputs_, output);
  }

 private:
  const Range* range_;
  given_inputs<Range> inputs_;
  Task task_;
};

/// The far side of `call_base`.
template <class Derived, class Range, class Task>
class remote_base : public remote_call {
 public:
  static std::unique_ptr<remote_call> make(std::span<const std::byte> call) {
    return std::make_unique<Derived>(call);
  }

 protected:
  explicit remote_base(std::span<const std::byte>& call)
      : source_(call), task_(travelling<Task>::decode(call)) {}

  template <class Output>
  void run_here(chunk_scope& scope, std::span<const std::byte> chunk, Output& output) {
    auto inputs = source_.open(chunk);
    run_items(scope, task_, inputs, output);
  }

 private:
  input_source<Range> source_;
  Task task_;
};

/// `pool::for_each`.
template <class Range, class Task>
class for_each_call final : public call_base<for_each_call<Range, Task>, Range, Task> {
 public:
  class remote final : public remote_base<remote, Range, Task> {
   public:
    explicit remote(std::span<const std::byte> call) : remote_base<remote, Range, Task>(call) {}

    void run(chunk_scope& scope, std::span<const std::byte> inputs) override {
      no_output output;
      this->run_here(scope, inputs, output);
    }
  };

  using call_base<for_each_call, Range, Task>::call_base;

  void take(core::item_range /*items*/, std::span<const std::byte> /*results*/) override {}

  void run(chunk_scope& scope) override {
    no_output output;
    this->run_here(scope, output);
  }
};

/// What can say of results that a task of `pool::map` had whether they still count.
template <class Judge, class Inputs, class Task>
concept judge_of = (form_of_call<Task, std::ranges::range_value_t<Inputs>>() != call_form::none) &&
                   std::predicate<const Judge&,
                                  std::uint64_t,
                                  std::add_lvalue_reference_t<const std::remove_cvref_t<
                                      task_result_t<Task, std::ranges::range_value_t<Inputs>>>>>;

/// `pool::map`.
template <class Range, class Task, class Result>
class map_call final : public call_base<map_call<Range, Task, Result>, Range, Task> {
 public:
  class remote final : public remote_base<remote, Range, Task> {
   public:
    explicit remote(std::span<const std::byte> call) : remote_base<remote, Range, Task>(call) {}

    void run(chunk_scope& scope, std::span<const std::byte> inputs) override {
      encoded_output<Result> output;
      this->run_here(scope, inputs, output);
    }
  };

  /// Says of a result that a journal held whether it still counts.
  using judge = std::function<bool(std::uint64_t, const Result&)>;

  map_call(const Range& range, const Task& task, judge still_counts = {})
      : call_base<map_call, Range, Task>(range, task),
        results_(this->n_items()),
        judge_(std::move(still_counts)) {}

  void take(core::item_range items, std::span<const std::byte> results) override {
    results_.take(items, results);
  }

  bool still_counts(core::item_range items) override {
    if (!judge_) return true;
    bool all = true;
    for (std::uint64_t index = items.first; index != items.end(); ++index)
      all = judge_(index, results_.at(index)) && all;
    return all;
  }

  void run(chunk_scope& scope) override {
    if (is_encoded_) {
      encoded_output<Result> output;
      this->run_here(scope, output);
    } else {
      this->run_here(scope, results_);
    }
  }

  void keep_results_encoded() override { is_encoded_ = true; }

  std::vector<Result> release() { return results_.release(); }

  /// A result or a failure for each item.
  std::vector<outcome<Result>> release_outcomes() {
    std::vector<outcome<Result>> all;
    all.reserve(this->n_items());
    auto failure = this->failures().begin();
    for (std::uint64_t index = 0; index < this->n_items(); ++index) {
      while (failure != this->failures().end() && failure->index < index) ++failure;
      if (failure != this->failures().end() && failure->index == index) {
        all.emplace_back(std::move(*failure++));
      } else {
        all.emplace_back(results_.release(index));
      }
    }
    return all;
  }

 private:
  result_table<Result> results_;
  judge judge_;
  bool is_encoded_ = false;
};

/// `pool::reduce`.
template <class Range, class Task, class Value, class Combine>
class reduce_call final : public call_base<reduce_call<Range, Task, Value, Combine>, Range, Task> {
  using base = call_base<reduce_call, Range, Task>;

 public:
  class remote final : public remote_base<remote, Range, Task> {
   public:
    explicit remote(std::span<const std::byte> call)
        : remote_base<remote, Range, Task>(call), combine_(travelling<Combine>::decode(call)) {}

    void run(chunk_scope& scope, std::span<const std::byte> inputs) override {
      reduced_output<Value, Combine> output(combine_);
      this->run_here(scope, inputs, output);
    }

   private:
    Combine combine_;
  };

  reduce_call(const Range& range, const Task& task, const Combine& combine)
      : base(range, task), combine_(combine) {}

  void encode_call(wire::bytes& out) const override {
    base::encode_call(out);
    travelling<Combine>::encode(combine_, out);
  }

  void take(core::item_range items, std::span<const std::byte> results) override {
    reduced_output<Value, Combine>::take(items, results, tree_, combine_);
  }

  void run(chunk_scope& scope) override {
    reduced_output<Value, Combine> output(combine_);
    this->run_here(scope, output);
  }

  std::optional<Value> release() { return tree_.result(combine_); }

 private:
  Combine combine_;
  core::reduction_tree<Value> tree_;
};

}  // namespace rankwise::engine
