// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/decisions.hpp>
#include <rankwise/core/types.hpp>
#include <rankwise/engine/call/chunk_scope.hpp>
#include <rankwise/error.hpp>
#include <rankwise/wire/buffer.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace rankwise::engine {

class abstract_root;

/// How far a call is.
struct call_figures {
  std::uint64_t items_done = 0;
  std::uint64_t items_total = 0;
  std::uint64_t failures = 0;
  double task_s = 0;  ///< rank-seconds in tasks
};

/// What has been added to an open call.
struct growth {
  std::uint64_t n_new = 0;
  bool is_closed = false;  ///< those were the last
};

/// A call as the root knows it. All but `run` and `deliver` is called under the lock of the rank.
class root_call {
 public:
  root_call() = default;
  root_call(const root_call&) = delete;
  root_call& operator=(const root_call&) = delete;
  root_call(root_call&&) = delete;
  root_call& operator=(root_call&&) = delete;
  virtual ~root_call() = default;

  /// Among the calls of the body: its random streams depend on it.
  std::uint32_t number() const { return number_; }

  void set_number(std::uint32_t number) { number_ = number; }

  /// Whether tasks that fail neither end the call nor make it throw: it hands out what became of
  /// each item.
  bool keeps_failures() const { return keeps_failures_; }

  void keep_failures() { keeps_failures_ = true; }

  /// Those, in the order of their items, once the call is over.
  std::vector<task_failure>& failures() { return failures_; }

  /// Whether its tasks can ask for random numbers.
  virtual bool may_draw() const { return false; }

  virtual std::uint64_t n_items() const = 0;

  /// Whether items are added to it while it is under way.
  virtual bool is_open() const { return false; }

  /// Items of an open call that have come since this was last asked, while `n_waiting` wait for a
  /// rank; whoever adds items by other ways says that there are none.
  virtual growth grow(std::uint64_t /*n_waiting*/) { return {}; }

  /// Of the `remote_call` that the other ranks make.
  virtual std::uint64_t name_hash() const = 0;

  /// Appends what the other ranks make it from.
  virtual void encode_call(wire::bytes& out) const = 0;

  /// Appends what tells it from other calls of its type, also in another run of the program.
  virtual void encode_identity(wire::bytes& out) const { encode_call(out); }

  /// Refuses shared values of another job than that of `root`.
  ///
  /// Throws: std::logic_error.
  virtual void require_shared_values(const abstract_root& /*root*/) const {}

  /// Appends the inputs of a chunk.
  virtual void encode_inputs(core::item_range items, wire::bytes& out) const = 0;

  /// Some items are handed out; their inputs are asked for next, if it is to another rank.
  virtual void on_granted(const core::grant& /*given*/) {}

  /// The row of the rank on which each item is at home, for a call that is placed so.
  virtual std::vector<std::uint32_t> homes() const { return {}; }

  /// Takes results that count.
  virtual void take(core::item_range items, std::span<const std::byte> results) = 0;

  /// The results of `items`, which were taken, count: their tasks have been told so if they asked.
  virtual void on_counted(core::item_range /*items*/) {}

  /// An item has failed for good.
  virtual void on_failed(const task_failure& /*failure*/) {}

  /// An item of an open call will not be run.
  virtual void on_cancelled(std::uint64_t /*index*/) {}

  /// Whether what has been taken is all that is wanted: what is left is cancelled.
  virtual bool is_satisfied() const { return false; }

  /// Whether results that a journal held, and that were taken, need not be made again.
  virtual bool still_counts(core::item_range /*items*/) { return true; }

  /// Whether its items are bundles of work, each of which is split while it runs if another rank
  /// has none.
  virtual bool splits_items() const { return false; }

  /// What is left of `item` was cut into two, of which `other` is a new item.
  virtual void take_split(std::uint64_t /*item*/,
                          std::uint64_t /*other*/,
                          std::span<const std::byte> /*results*/) {}

  /// A part of `item` is done, and the rest is the item from now on.
  virtual void take_part(std::uint64_t /*item*/, std::span<const std::byte> /*results*/) {}

  /// Runs a chunk here.
  virtual void run(chunk_scope& scope) = 0;

  /// Whether an item may run again, here or on another rank. Where it may not, what a task leaves
  /// on its rank can't be taken back: no item is tried again or given to a second rank, and the
  /// call ends where a rank is lost.
  virtual bool may_run_again() const { return true; }

  /// Whether an item may be given to two ranks, the faster of which counts.
  virtual bool may_have_twins() const { return true; }

  /// Whether results are there that the computing thread of the root is to `deliver`.
  virtual bool take_results() { return false; }

  /// Whether results were not delivered yet.
  virtual bool has_results() const { return false; }

  /// Hands some of them to the program, outside of tasks.
  virtual void deliver() {}

  /// Items that were read or done for nothing.
  virtual std::uint64_t n_thrown_away() const { return 0; }

  /// For people: of the task's type.
  virtual std::string task_name() const { return {}; }

  /// What is run here is to be reported like what other ranks run, with results for `take`.
  virtual void keep_results_encoded() {}

  /// How far it is; `known` is what the coordinator knows of the items that are handed out.
  virtual call_figures figures(const call_figures& known) const { return known; }

  /// For people, where the job ends in the middle of the call: what else to say of it.
  virtual std::string under_way() const { return {}; }

 private:
  std::uint32_t number_ = 0;
  bool keeps_failures_ = false;
  std::vector<task_failure> failures_;
};

}  // namespace rankwise::engine
