// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/decisions.hpp>
#include <rankwise/core/types.hpp>
#include <rankwise/engine/call/chunk_scope.hpp>
#include <rankwise/engine/call/input_source.hpp>
#include <rankwise/engine/call/inputs.hpp>
#include <rankwise/engine/call/invoke_task.hpp>
#include <rankwise/engine/call/root_call.hpp>
#include <rankwise/engine/call/run_items.hpp>
#include <rankwise/engine/call/shared_values.hpp>
#include <rankwise/engine/call/task_registry.hpp>
#include <rankwise/engine/call/travelling.hpp>
#include <rankwise/wire/buffer.hpp>

#include <boost/core/demangle.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <ranges>
#include <span>
#include <string>
#include <typeinfo>
#include <vector>

namespace rankwise::engine {

/// Tasks say with a member `runs_once` that they may not run again for an item.
template <class Task>
inline constexpr bool runs_once = requires {
  Task::runs_once;
};

/// Whether the inputs are parts that lie on ranks, so that it matters who runs which item.
template <class Range>
inline constexpr bool stay_on_ranks = false;

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

  void encode_identity(wire::bytes& out) const override {
    input_source<Range>::encode(*range_, out);
    append_identity(task_, out);
  }

  void require_shared_values(const abstract_root& root) const override {
    require_shared_values_of(root, task_);
  }

  void encode_inputs(core::item_range items, wire::bytes& out) const override {
    if constexpr (!is_iota<Range>) inputs_.encode(items, out);
  }

  void on_granted([[maybe_unused]] const core::grant& given) override {
    if constexpr (stay_on_ranks<Range>) inputs_.on_granted(given);
  }

  void on_counted([[maybe_unused]] core::item_range items) override {
    if constexpr (stay_on_ranks<Range>) inputs_.on_counted(items);
  }

  std::vector<std::uint32_t> homes() const override {
    if constexpr (stay_on_ranks<Range>) return inputs_.homes();
    return {};
  }

  bool may_run_again() const override { return !runs_once<Task>; }

  std::string task_name() const override { return boost::core::demangle(typeid(Task).name()); }

 protected:
  template <class Output>
  void run_here(chunk_scope& scope, Output& output) {
    if (!fetch_shared_values(scope, task_)) return;
    if constexpr (stay_on_ranks<Range>) inputs_.open(scope);
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
    if (!fetch_shared_values(scope, task_)) return;
    auto inputs = source_.open(chunk);
    if constexpr (stay_on_ranks<Range>) inputs.open(scope);
    run_items(scope, task_, inputs, output);
  }

 private:
  input_source<Range> source_;
  Task task_;
};

}  // namespace rankwise::engine
