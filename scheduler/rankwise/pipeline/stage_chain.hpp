// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/pipeline_layout.hpp>
#include <rankwise/engine/access.hpp>
#include <rankwise/engine/call/require_task.hpp>
#include <rankwise/engine/call/travelling.hpp>
#include <rankwise/pipeline/stage_runner.hpp>
#include <rankwise/pipeline/stages_on_rank.hpp>
#include <rankwise/task.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace rankwise::engine {

/// The types along a pipeline: a value of type Input goes through the stages of each slot. A slot
/// is a callable, or any number of callables of one type that return what they take.
template <class Input, class... Slots>
struct stage_chain {
  using output = Input;

  static std::unique_ptr<stage_runner> make(std::uint32_t /*slot*/,
                                            std::span<const std::byte> /*callable*/) {
    return nullptr;
  }
};

/// What a stage returns; what it does not even take, so that the compiler has no more to say of it.
template <class Callable,
          class Input,
          bool = takes_item<typename made_stage<Callable>::type, Input>>
struct output_of_stage {
  using type = Input;
};

template <class Callable, class Input>
struct output_of_stage<Callable, Input, true> {
  using type = stage_output<Callable, Input>;
};

/// A callable, or where `IsMany` any number of one type.
template <class Callable, bool IsMany>
struct stage_slot {};

template <class Input, class Callable, bool IsMany, class... Slots>
struct stage_chain<Input, stage_slot<Callable, IsMany>, Slots...> {
  static_assert(takes_item<typename made_stage<Callable>::type, Input>,
                "rankwise: a stage can't be called with what the stage or source before it gives: "
                "it takes a value of that type, after a `task_context&` if it wants one; one that "
                "is made on its rank is what the given callable returns when it is called with "
                "nothing");
  using result = typename output_of_stage<Callable, Input>::type;
  static_assert(!std::is_void_v<result>, "rankwise: a stage returns what the next one takes");
  static_assert(!IsMany || std::is_same_v<result, Input>,
                "rankwise: stages in a std::vector return the type that they take");
  using rest = stage_chain<result, Slots...>;
  using output = typename rest::output;

  /// A stage of `slot`, from the bytes of its callable.
  static std::unique_ptr<stage_runner> make(std::uint32_t slot,
                                            std::span<const std::byte> callable) {
    if constexpr (takes_item<typename made_stage<Callable>::type, Input>) {
      if constexpr (require_travelling<Callable>() && require_no_shared<Callable>() &&
                    wire::require_sendable<Input>() && wire::require_sendable<result>()) {
        if (slot != 0) return rest::make(slot - 1, callable);
        return std::make_unique<typed_stage_runner<Callable, Input>>(
            travelling<Callable>::decode(callable));
      }
    }
    return nullptr;  // the compiler has said why
  }
};

/// What one rank is told of the stages that it runs.
struct seat_brief {
  std::vector<std::uint32_t> stages;
  std::vector<std::vector<std::byte>> callables;  ///< of each
};

/// Makes the stages of a rank, and keeps them there.
template <class Chain>
struct make_seats {
  std::uint64_t number = 0;
  std::vector<std::uint64_t> wanted = {};         // rank objects that stay
  std::vector<std::vector<rank_id>> layout = {};  // ranks of each stage
  std::vector<std::uint32_t> slots = {};          // of each stage

  void operator()(task_context& context, const seat_brief& brief) const {
    rank_context& shared = access::context(context);
    shared.kept.keep_only(wanted);
    std::map<std::uint32_t, std::unique_ptr<stage_runner>> runners;
    for (std::size_t i = 0; i < brief.stages.size(); ++i) {
      const std::uint32_t stage = brief.stages[i];
      runners[stage] = Chain::make(slots[stage], brief.callables[i]);
    }
    shared.kept.add(number, [&] {
      return std::make_unique<stages_on_rank>(
          shared, number, core::pipeline_layout{layout}, std::move(runners));
    });
  }
};

}  // namespace rankwise::engine
