// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/reduction_tree.hpp>
#include <rankwise/core/types.hpp>
#include <rankwise/engine/call/call_base.hpp>
#include <rankwise/engine/call/chunk_scope.hpp>
#include <rankwise/engine/call/outputs.hpp>
#include <rankwise/engine/call/travelling.hpp>
#include <rankwise/wire/buffer.hpp>

#include <cstddef>
#include <optional>
#include <span>

namespace rankwise::engine {

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

  void encode_identity(wire::bytes& out) const override {
    base::encode_identity(out);
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
