// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/types.hpp>
#include <rankwise/engine/call/chunk_scope.hpp>
#include <rankwise/engine/call/task_threw.hpp>
#include <rankwise/expansion/bundle.hpp>
#include <rankwise/expansion/checkpoint_clock.hpp>
#include <rankwise/expansion/work_stack.hpp>
#include <rankwise/task.hpp>
#include <rankwise/wire/buffer.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

namespace rankwise::engine {

/// A task of `pool::expand` that takes its context first.
template <class Task, class Item>
inline constexpr bool expands_with_context =
    std::is_invocable_v<const Task&, task_context&, const Item&, expansion<Item>&>;

/// Calls a task of `pool::expand`.
template <class Task, class Item>
decltype(auto) call_expanding(const Task& task,
                              [[maybe_unused]] task_context& context,
                              const Item& item,
                              expansion<Item>& more) {
  if constexpr (expands_with_context<Task, Item>) {
    return std::invoke(task, context, item, more);
  } else {
    return std::invoke(task, item, more);
  }
}

/// Expands one bundle on a rank: item by item, the youngest first, with no recursion. Between
/// batches of items the rank polls; if another has no work, it is given half of what waits; and now
/// and then the rank hands in what it has, in case that it is lost.
template <class Item, class Value, class Combine, class Task>
class bundle_run {
 public:
  bundle_run(chunk_scope& scope, const Task& task, const Combine& combine, bundle<Item> given)
      : scope_(&scope),
        task_(&task),
        combine_(&combine),
        context_(scope.context(), rank_context::no_item, no_settling),
        stack_(std::move(given.items)),
        checkpoints_(scope.checkpoint_interval(), now()) {
    scope.context().again |= given.again;
    scope.context().running.store(scope.items().first, std::memory_order_relaxed);
  }

  /// Until all is expanded, a task throws, or the call is over.
  void run() {
    for (;;) {
      try {
        expand(scope_->batch());
      } catch (...) {
        scope_->failed(task_threw(describe_exception()));
        return;
      }
      if (stack_.empty()) break;
      scope_->checkpoint();
      if (scope_->cancelled()) return;
      if (scope_->leaving()) return hand_in_part();
      if (scope_->split_wanted() && stack_.size() > 1 && is_worth_a_split()) {
        split();
      } else if (checkpoints_.is_due(now())) {
        hand_in_part();
      }
      scope_->step_aside();
      if (scope_->cancelled()) return;
    }
    put_outcome();
    scope_->done(1);
  }

 private:
  static constexpr const char* no_settling = "a pool::expand, whose results can't be told apart";

  void expand(std::uint64_t n_items) {
    for (; n_items != 0 && !stack_.empty(); --n_items) {
      const Item item = stack_.take();
      ++n_items_;
      if (value_) {
        value_.emplace((*combine_)(std::move(*value_), Value(call(item))));
      } else {
        value_.emplace(call(item));
      }
    }
  }

  decltype(auto) call(const Item& item) {
    return call_expanding(*task_, context_, item, stack_.more());
  }

  /// Splits take a rank a tenth of its time at most.
  bool is_worth_a_split() const { return now() - split_at_ >= 9 * split_took_; }

  /// Hands in what has come of the bundle so far, and half of what is left; this rank goes on with
  /// the other half.
  void split() {
    const core::duration begun = now();
    const std::vector<Item> given = stack_.take_half();
    put_outcome();
    bundle_halves::encode(scope_->context().again, stack_.items(), given, scope_->results());
    const std::size_t n_bytes = scope_->results().size();
    scope_->split_off();
    split_at_ = now();
    split_took_ = split_at_ - begun;
    checkpoints_.on_handed_in(split_at_, split_took_, n_bytes);
  }

  /// Hands in what has come of the bundle so far, and what is left: whoever goes on with the bundle
  /// does so from there.
  void hand_in_part() {
    const core::duration begun = now();
    put_outcome();
    bundle<Item>::encode(scope_->context().again, stack_.items(), scope_->results());
    const std::size_t n_bytes = scope_->results().size();
    scope_->hand_in_part();
    const core::duration at = now();
    checkpoints_.on_handed_in(at, at - begun, n_bytes);
  }

  void put_outcome() {
    scope_->open_results();
    bundle_outcome<Value>::encode(n_items_, *value_, scope_->results());
    n_items_ = 0;
    value_.reset();
  }

  core::duration now() const { return scope_->context().machine->now(); }

  chunk_scope* scope_;
  const Task* task_;
  const Combine* combine_;
  task_context context_;
  work_stack<Item> stack_;
  std::uint64_t n_items_ = 0;   // expanded since the last report
  std::optional<Value> value_;  // of those
  checkpoint_clock checkpoints_;
  core::duration split_at_{};
  core::duration split_took_{};
};

}  // namespace rankwise::engine
