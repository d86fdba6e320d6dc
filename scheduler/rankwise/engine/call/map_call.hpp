// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/types.hpp>
#include <rankwise/engine/call/call_base.hpp>
#include <rankwise/engine/call/chunk_scope.hpp>
#include <rankwise/engine/call/invoke_task.hpp>
#include <rankwise/engine/call/outputs.hpp>
#include <rankwise/outcome.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <ranges>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace rankwise::engine {

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

}  // namespace rankwise::engine
