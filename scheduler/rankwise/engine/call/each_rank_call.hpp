// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/types.hpp>
#include <rankwise/engine/call/call_base.hpp>
#include <rankwise/engine/call/chunk_scope.hpp>
#include <rankwise/engine/call/invoke_task.hpp>
#include <rankwise/engine/call/outputs.hpp>
#include <rankwise/engine/call/root_call.hpp>
#include <rankwise/engine/call/shared_values.hpp>
#include <rankwise/engine/call/task_registry.hpp>
#include <rankwise/engine/call/travelling.hpp>
#include <rankwise/wire/buffer.hpp>
#include <rankwise/wire/codec.hpp>

#include <boost/core/demangle.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <variant>
#include <vector>

namespace rankwise::engine {

/// A task of `pool::on_each_rank` without its type. Such a task runs once on a rank: what runs it
/// is compiled once for all of them, and not for each.
class rank_task {
 public:
  rank_task() = default;
  rank_task(const rank_task&) = delete;
  rank_task& operator=(const rank_task&) = delete;
  rank_task(rank_task&&) = delete;
  rank_task& operator=(rank_task&&) = delete;
  virtual ~rank_task() = default;

  /// Calls the task with the number of a rank, and keeps what it returns.
  virtual void call(task_context& context, std::uint32_t row) = 0;

  /// Appends what the task has returned; nothing where that is void.
  virtual void encode_result(wire::bytes& out) const = 0;

  /// Puts what the task has returned among the results of the call, where this is the root.
  virtual void keep_result(std::uint64_t index) = 0;
};

/// Runs the items of a chunk, which are numbers of ranks and stand in `rows` for the whole call.
/// Results are kept, or encoded where they are `to_be_sent`.
void run_on_rank(chunk_scope& scope,
                 rank_task& task,
                 const std::vector<std::uint32_t>& rows,
                 bool to_be_sent);

/// The same on another rank than the root; `inputs` are those of the chunk, as they came.
void run_on_rank(chunk_scope& scope, rank_task& task, std::span<const std::byte> inputs);

/// A `rank_task` that calls a `Task`.
template <class Task>
class typed_rank_task final : public rank_task {
 public:
  using result = std::remove_cvref_t<task_result_t<Task, std::uint32_t>>;
  using results = result_table<std::conditional_t<std::is_void_v<result>, char, result>>;

  /// `all` are the results of the call; null: on another rank than the root.
  typed_rank_task(Task task, results* all) : task_(std::move(task)), all_(all) {}

  void call(task_context& context, std::uint32_t row) override {
    if constexpr (std::is_void_v<result>) {
      invoke(context, row);
    } else {
      last_.emplace(invoke(context, row));
    }
  }

  void encode_result(wire::bytes& out) const override {
    if constexpr (!std::is_void_v<result>) wire::encoder<result>(out).put(*last_);
  }

  void keep_result(std::uint64_t index) override {
    if constexpr (!std::is_void_v<result>) all_->put(index, std::move(*last_));
  }

  const Task& task() const { return task_; }

 private:
  decltype(auto) invoke(task_context& context, std::uint32_t row) const {
    if constexpr (takes_context<Task, std::uint32_t>) {
      return call_task(task_, row, context);
    } else {
      return call_task(task_, row);
    }
  }

  Task task_;
  results* all_;
  std::optional<std::conditional_t<std::is_void_v<result>, std::monostate, result>> last_;
};

/// `pool::on_each_rank`.
template <class Task>
class each_rank_call final : public root_call {
 public:
  class remote final : public remote_call {
   public:
    static std::unique_ptr<remote_call> make(std::span<const std::byte> call) {
      return std::make_unique<remote>(call);
    }

    explicit remote(std::span<const std::byte> call)
        : task_(travelling<Task>::decode(call), nullptr) {}

    void run(chunk_scope& scope, std::span<const std::byte> inputs) override {
      if (!fetch_shared_values(scope, task_.task())) return;
      run_on_rank(scope, task_, inputs);
    }

   private:
    typed_rank_task<Task> task_;
  };

  each_rank_call(std::vector<std::uint32_t> rows, const Task& task)
      : rows_(std::move(rows)), results_(rows_.size()), task_(task, &results_) {}

  bool may_draw() const override { return takes_context<Task, std::uint32_t>; }

  std::uint64_t n_items() const override { return rows_.size(); }

  std::uint64_t name_hash() const override { return registration<remote>::name_hash(); }

  void encode_call(wire::bytes& out) const override { travelling<Task>::encode(task_.task(), out); }

  void require_shared_values(const abstract_root& root) const override {
    require_shared_values_of(root, task_.task());
  }

  void encode_inputs(core::item_range items, wire::bytes& out) const override {
    wire::encoder<std::uint32_t>(out).put_all(
        std::span<const std::uint32_t>(rows_).subspan(items.first, items.count));
  }

  void take(core::item_range items, std::span<const std::byte> results) override {
    if constexpr (!std::is_void_v<typename typed_rank_task<Task>::result>)
      results_.take(items, results);
  }

  void run(chunk_scope& scope) override {
    if (fetch_shared_values(scope, task_.task())) run_on_rank(scope, task_, rows_, is_encoded_);
  }

  bool may_run_again() const override { return !runs_once<Task>; }

  std::string task_name() const override { return boost::core::demangle(typeid(Task).name()); }

  void keep_results_encoded() override { is_encoded_ = true; }

  /// What the task has returned on each rank.
  auto release() { return results_.release(); }

 private:
  std::vector<std::uint32_t> rows_;
  typename typed_rank_task<Task>::results results_;
  typed_rank_task<Task> task_;
  bool is_encoded_ = false;
};

}  // namespace rankwise::engine

#ifndef RANKWISE_COMPILED
#include <rankwise/engine/call/each_rank_call_inline.hpp>
#endif
