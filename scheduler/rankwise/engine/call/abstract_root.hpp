// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/coordinator_options.hpp>
#include <rankwise/core/types.hpp>
#include <rankwise/engine/call/end_listener.hpp>
#include <rankwise/engine/call/open_call.hpp>
#include <rankwise/engine/call/root_call.hpp>
#include <rankwise/exchange/channels.hpp>
#include <rankwise/exchange/object_numbers.hpp>
#include <rankwise/options.hpp>
#include <rankwise/rank.hpp>
#include <rankwise/statistics.hpp>
#include <rankwise/task.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace rankwise::engine {

/// The root as the calls of a body see it. A program compiles this and its own calls; what stands
/// behind it, `engine::root`, can be compiled once for all programs.
class abstract_root {
 public:
  abstract_root() = default;
  abstract_root(const abstract_root&) = delete;
  abstract_root& operator=(const abstract_root&) = delete;
  abstract_root(abstract_root&&) = delete;
  abstract_root& operator=(abstract_root&&) = delete;
  virtual ~abstract_root() = default;

  virtual std::uint32_t n_ranks() const = 0;

  /// The host of a rank.
  virtual const std::string& host(rank_id rank) const = 0;

  /// Runs `call` on the ranks, and returns when no task of it runs any more; `name` is how the
  /// program has made it.
  ///
  /// Throws: as every call of a pool does; std::logic_error if a call is under way already.
  virtual void run(root_call& call,
                   const options& how,
                   const char* name,
                   core::placement place = core::placement::anywhere) = 0;

  /// The open call of that name and those options; null if there is none.
  ///
  /// Throws: std::logic_error if another thread has made calls of the options' name.
  virtual open_call* find_open_call(std::uint64_t name_hash, const options& how) = 0;

  /// Begins an open call, which lasts as long as the job; that of another thread, if it was faster.
  ///
  /// Throws: as `run`; config_error if it is to be journaled.
  virtual open_call& begin_open_call(std::unique_ptr<open_call> made,
                                     const options& how,
                                     const char* name) = 0;

  /// Adds an item to an open call, which `put(index)` stores, under the lock of the rank, before it
  /// can be handed out. If it `is_withheld` it waits until it is admitted or dropped.
  ///
  /// Throws: as `run`.
  virtual void add_item(const open_call& call,
                        bool is_withheld,
                        const std::function<void(std::uint64_t)>& put) = 0;

  /// An item that was withheld can be handed out. Called under the lock of the rank.
  virtual void admit_item(const open_call& call, std::uint64_t index) = 0;

  /// An item that was withheld has ended without that. Called under the lock of the rank.
  virtual void drop_withheld_item(const open_call& call) = 0;

  /// Tells the listeners of an item that is over. Called under the lock of the rank.
  virtual void tell(end_listener* newest) = 0;

  /// An item of an open call is not wanted: if it was not handed out yet, it never is.
  virtual void cancel_item(open_call& call, std::uint64_t index) = 0;

  /// Works on the calls under way until `is_over`, which is asked often, under the lock of the
  /// rank; `name` is how the program has asked for that.
  ///
  /// Throws: as `run`.
  virtual void work_until(const std::function<bool()>& is_over, const char* name) = 0;

  /// Takes and sends messages, unless that was just done, or a task calls this.
  ///
  /// Throws: cannot_go_on.
  virtual void look() = 0;

  /// On the clock of the job.
  virtual core::duration now() const = 0;

  /// The number of a call that the body makes now under `how`; what a call makes for itself has its
  /// number.
  ///
  /// Throws: std::logic_error if another thread has made calls of that name.
  virtual std::uint32_t number_call(const options& how) = 0;

  /// Does `work`, which touches what stays on the root, while no tasks run there; `name` is how the
  /// program has asked for that.
  ///
  /// Throws: as `run`, and what `work` throws.
  virtual void between_tasks(const std::function<void()>& work, const char* name) = 0;

  /// Lets go, on the root, of what was to stay on the ranks and is not wanted any more, unless
  /// tasks run: then that is done later.
  virtual void let_go_of_dropped() = 0;

  /// The figures of all calls so far.
  virtual job_statistics totals() = 0;

  /// Adds to the figures of all calls.
  virtual void note(const map_reduce_statistics& done) = 0;
  virtual void note(const pipeline_statistics& done) = 0;

  /// Returns once no report of a rank is being taken: who copies a value has done so then.
  virtual void finish_report() = 0;

  /// What tasks that run on the root share.
  virtual rank_context& context() = 0;

  /// Messages between the root and the other ranks, outside of calls.
  virtual exchange::channels& others() = 0;

  /// The numbers of what stays on the ranks.
  virtual exchange::object_numbers& object_numbers() = 0;
};

}  // namespace rankwise::engine
