// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/types.hpp>
#include <rankwise/engine/call/call_base.hpp>
#include <rankwise/engine/call/chunk_scope.hpp>
#include <rankwise/engine/call/outputs.hpp>

#include <cstddef>
#include <span>

namespace rankwise::engine {

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

}  // namespace rankwise::engine
