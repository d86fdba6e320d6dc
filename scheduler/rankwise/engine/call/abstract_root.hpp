// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/coordinator_options.hpp>
#include <rankwise/engine/call/root_call.hpp>
#include <rankwise/exchange/channels.hpp>
#include <rankwise/exchange/object_numbers.hpp>
#include <rankwise/options.hpp>
#include <rankwise/rank.hpp>
#include <rankwise/statistics.hpp>
#include <rankwise/task.hpp>

#include <cstdint>
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

  /// The number of a call that the body makes now, from 0; what a call makes for itself has its
  /// number.
  virtual std::uint32_t count_call() = 0;

  /// The figures of all calls so far.
  virtual const job_statistics& totals() const = 0;

  /// Adds to the figures of all calls.
  virtual void note(const map_reduce_statistics& done) = 0;
  virtual void note(const pipeline_statistics& done) = 0;

  /// What tasks that run on the root share.
  virtual rank_context& context() = 0;

  /// Messages between the root and the other ranks, outside of calls.
  virtual exchange::channels& others() = 0;

  /// The numbers of what stays on the ranks.
  virtual exchange::object_numbers& object_numbers() = 0;
};

}  // namespace rankwise::engine
