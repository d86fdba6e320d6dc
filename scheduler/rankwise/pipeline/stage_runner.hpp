// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/engine/call/invoke_task.hpp>
#include <rankwise/task.hpp>
#include <rankwise/wire/codec.hpp>

#include <cstddef>
#include <functional>
#include <span>
#include <type_traits>
#include <utility>

namespace rankwise::engine {

/// A stage of a pipeline on a rank that runs it: a value in, a value out, both as bytes.
class stage_runner {
 public:
  stage_runner() = default;
  stage_runner(const stage_runner&) = delete;
  stage_runner& operator=(const stage_runner&) = delete;
  stage_runner(stage_runner&&) = delete;
  stage_runner& operator=(stage_runner&&) = delete;
  virtual ~stage_runner() = default;

  /// Appends what the stage makes of `input` to `output`.
  virtual void run(task_context& context,
                   std::span<const std::byte> input,
                   wire::bytes& output) = 0;
};

/// What a stage's callable becomes on its rank: what it makes there, where it can be called with
/// nothing; else itself.
template <class Callable, bool = std::is_invocable_v<const Callable&>>
struct made_stage {
  using type = Callable;

  static Callable make(Callable callable) { return callable; }
};

template <class Callable>
struct made_stage<Callable, true> {
  using type = std::invoke_result_t<const Callable&>;

  static type make(const Callable& callable) { return std::invoke(callable); }
};

/// Whether a stage that has been made takes a value of type Input.
template <class Made, class Input>
inline constexpr bool takes_item =
    std::is_invocable_v<Made&, Input> || std::is_invocable_v<Made&, task_context&, Input>;

template <class Made, class Input>
decltype(auto) call_stage(Made& made, task_context& context, Input input) {
  if constexpr (std::is_invocable_v<Made&, task_context&, Input>) {
    return std::invoke(made, context, std::move(input));
  } else {
    return std::invoke(made, std::move(input));
  }
}

/// What the stage of `Callable` makes of an `Input`.
template <class Callable, class Input>
using stage_output =
    std::remove_cvref_t<decltype(call_stage(std::declval<typename made_stage<Callable>::type&>(),
                                            std::declval<task_context&>(),
                                            std::declval<Input>()))>;

template <class Callable, class Input>
class typed_stage_runner final : public stage_runner {
 public:
  explicit typed_stage_runner(Callable callable)
      : made_(made_stage<Callable>::make(std::move(callable))) {}

  void run(task_context& context, std::span<const std::byte> input, wire::bytes& output) override {
    wire::encoder<stage_output<Callable, Input>>(output).put(
        call_stage(made_, context, wire::decoder<Input>(input).get()));
  }

 private:
  typename made_stage<Callable>::type made_;
};

}  // namespace rankwise::engine
