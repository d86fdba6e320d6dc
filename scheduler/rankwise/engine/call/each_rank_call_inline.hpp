// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/build_mode.hpp>
#include <rankwise/engine/call/chunk_scope.hpp>
#include <rankwise/engine/call/each_rank_call.hpp>
#include <rankwise/engine/call/inputs.hpp>
#include <rankwise/engine/call/run_items.hpp>
#include <rankwise/task.hpp>
#include <rankwise/wire/buffer.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace rankwise::engine {
namespace detail {

/// Stands for what a `rank_task` has returned, and keeps itself.
struct rank_result {
  rank_task* of;
};

/// A `rank_task` as a task.
struct any_rank_task {
  rank_task* of;

  rank_result operator()(task_context& context, std::uint32_t row) const {
    of->call(context, row);
    return {of};
  }
};

/// Results on their way to the root.
class encoded_rank_output {
 public:
  using value_type = void;  // such tasks are never isolated
  static constexpr const char* no_settling = nullptr;

  void open(chunk_scope& scope) {
    scope.open_results();
    out_ = &scope.results();
  }

  void close(chunk_scope& /*scope*/) {}

  void put(std::uint64_t /*index*/, const rank_result& result) { result.of->encode_result(*out_); }

 private:
  wire::bytes* out_ = nullptr;
};

/// Results that are at the root already.
struct kept_rank_output {
  using value_type = void;  // such tasks are never isolated
  static constexpr const char* no_settling = nullptr;

  void open(chunk_scope& /*scope*/) {}

  void close(chunk_scope& /*scope*/) {}

  void put(std::uint64_t index, const rank_result& result) { result.of->keep_result(index); }
};

}  // namespace detail

RANKWISE_INLINE void run_on_rank(chunk_scope& scope,
                                 rank_task& task,
                                 const std::vector<std::uint32_t>& rows,
                                 bool to_be_sent) {
  given_inputs<std::vector<std::uint32_t>> inputs(rows);
  if (to_be_sent) {
    detail::encoded_rank_output output;
    run_items(scope, detail::any_rank_task{&task}, inputs, output);
  } else {
    detail::kept_rank_output output;
    run_items(scope, detail::any_rank_task{&task}, inputs, output);
  }
}

RANKWISE_INLINE void run_on_rank(chunk_scope& scope,
                                 rank_task& task,
                                 std::span<const std::byte> inputs) {
  received_inputs<std::uint32_t> rows(inputs);
  detail::encoded_rank_output output;
  run_items(scope, detail::any_rank_task{&task}, rows, output);
}

}  // namespace rankwise::engine
