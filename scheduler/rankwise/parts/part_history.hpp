// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/engine/call/chunk_scope.hpp>
#include <rankwise/engine/call/invoke_task.hpp>
#include <rankwise/engine/call/shared_values.hpp>
#include <rankwise/engine/call/task_registry.hpp>
#include <rankwise/engine/call/travelling.hpp>
#include <rankwise/parts/part_task.hpp>
#include <rankwise/task.hpp>
#include <rankwise/wire/buffer.hpp>
#include <rankwise/wire/codec.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <utility>
#include <vector>

namespace rankwise::engine {

/// What makes parts, or has changed them, without its type. It stands among the calls that each
/// process knows by name, and is never run as one.
template <class Part>
class part_step : public remote_call {
 public:
  void run(chunk_scope& /*scope*/, std::span<const std::byte> /*inputs*/) final {
    throw wire::decode_error("a call of what makes parts again");
  }

  /// Fetches the shared values that the task needs; false if the call is cancelled meanwhile.
  virtual bool fetch(chunk_scope& scope) const = 0;

  /// Makes the part of `origin`, or changes it.
  virtual void apply(task_context& context,
                     std::optional<Part>& part,
                     std::span<const std::byte> origin) const = 0;
};

/// Makes parts of the inputs of pool::place.
template <class Part, class Input, class Make>
class make_step final : public part_step<Part> {
 public:
  static std::unique_ptr<remote_call> make(std::span<const std::byte> bytes) {
    return std::make_unique<make_step>(travelling<Make>::decode(bytes));
  }

  explicit make_step(Make task) : task_(std::move(task)) {}

  bool fetch(chunk_scope& scope) const override { return fetch_shared_values(scope, task_); }

  void apply(task_context& context,
             std::optional<Part>& part,
             std::span<const std::byte> origin) const override {
    const Input input = wire::decoder<Input>(origin).get();
    if constexpr (takes_context<Make, Input>) {
      part.emplace(call_task(task_, input, context));
    } else {
      part.emplace(call_task(task_, input));
    }
  }

 private:
  Make task_;
};

/// Makes parts of copies of themselves.
template <class Part>
class copy_step final : public part_step<Part> {
 public:
  static std::unique_ptr<remote_call> make(std::span<const std::byte> /*bytes*/) {
    return std::make_unique<copy_step>();
  }

  bool fetch(chunk_scope& /*scope*/) const override { return true; }

  void apply(task_context& /*context*/,
             std::optional<Part>& part,
             std::span<const std::byte> origin) const override {
    part.emplace(wire::decoder<Part>(origin).get());
  }
};

/// Changes parts as a call did.
template <class Part, class Task>
class change_step final : public part_step<Part> {
 public:
  static std::unique_ptr<remote_call> make(std::span<const std::byte> bytes) {
    return std::make_unique<change_step>(travelling<Task>::decode(bytes));
  }

  explicit change_step(Task task) : task_(std::move(task)) {}

  bool fetch(chunk_scope& scope) const override { return fetch_shared_values(scope, task_); }

  void apply(task_context& context,
             std::optional<Part>& part,
             std::span<const std::byte> /*origin*/) const override {
    change_part(task_, context, *part);
  }

 private:
  Task task_;
};

/// A step of a call: its tasks draw the random numbers of that.
template <class Part>
struct dated_step {
  std::shared_ptr<const part_step<Part>> code;
  std::uint64_t seed = 0;
  std::uint32_t call = 0;
};

/// The steps that lead to the parts as they are, from the one that makes them.
template <class Part>
using part_history = std::vector<dated_step<Part>>;

/// A step as the root keeps it, ready to be sent.
template <class Part>
struct kept_step {
  dated_step<Part> step;
  std::uint64_t name_hash = 0;
  wire::bytes content;

  /// Of a `Step` that is made of `task`.
  template <class Step, class Task>
  static kept_step of(const Task& task) {
    kept_step made;
    made.step.code = std::make_shared<Step>(task);
    made.name_hash = registration<Step>::name_hash();
    travelling<Task>::encode(task, made.content);
    return made;
  }

  /// Of a `Step` that is made of nothing.
  template <class Step>
  static kept_step of() {
    kept_step made;
    made.step.code = std::make_shared<Step>();
    made.name_hash = registration<Step>::name_hash();
    return made;
  }

  void encode(wire::bytes& out) const {
    wire::append_value(out, name_hash);
    wire::append_value(out, step.seed);
    wire::append_value(out, step.call);
    wire::append_value(out, std::uint64_t{content.size()});
    wire::append(out, content.data(), content.size());
  }

  static dated_step<Part> decode(wire::reader& reader) {
    const auto name_hash = reader.take_value<std::uint64_t>();
    dated_step<Part> made;
    made.seed = reader.take_value<std::uint64_t>();
    made.call = reader.take_value<std::uint32_t>();
    const auto content = reader.take(reader.take_count(1));
    const task_registry::factory make = task_registry::instance().find(name_hash);
    std::shared_ptr<remote_call> code = make == nullptr ? nullptr : make(content);
    made.code = std::dynamic_pointer_cast<const part_step<Part>>(std::move(code));
    if (made.code == nullptr)
      throw wire::decode_error("parts that are made by what this program does not have");
    return made;
  }
};

/// Makes part `index` again, of `origin`.
///
/// Throws: what its tasks throw; std::runtime_error if the call is cancelled meanwhile.
template <class Part>
void repeat(const part_history<Part>& history,
            chunk_scope& scope,
            std::uint64_t index,
            std::span<const std::byte> origin,
            std::optional<Part>& part) {
  for (const dated_step<Part>& each : history) {
    if (!each.code->fetch(scope)) throw std::runtime_error("the call was cancelled");
  }
  rank_context& context = scope.context();

  struct own_numbers {
    rank_context& of;
    std::uint64_t seed = of.seed;
    std::uint32_t call = of.call;

    ~own_numbers() {
      of.seed = seed;
      of.call = call;
    }
  } const own{context};

  for (const dated_step<Part>& each : history) {
    context.seed = each.seed;
    context.call = each.call;
    task_context its(context, index, no_settling_of_parts);
    each.code->apply(its, part, origin);
  }
}

}  // namespace rankwise::engine
