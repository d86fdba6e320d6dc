// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/types.hpp>
#include <rankwise/engine/rank/cannot_go_on.hpp>
#include <rankwise/engine/rank/loss_settings.hpp>
#include <rankwise/engine/rank/rank_loop.hpp>
#include <rankwise/engine/rank/rank_state.hpp>
#include <rankwise/engine/rank/worker_role.hpp>
#include <rankwise/task.hpp>
#include <rankwise/threads/mutex.hpp>
#include <rankwise/transport/backoff.hpp>
#include <rankwise/transport/endpoint.hpp>

namespace rankwise::engine {

/// A rank that is not the root: it runs what the root sends, until the root says that the job is
/// over.
class worker_rank {
 public:
  explicit worker_rank(transport::endpoint& endpoint, const loss_settings& losses = {})
      : rank_(endpoint),
        losses_(losses.on(endpoint)),
        role_(rank_.state, rank_.context, losses_),
        loop_(rank_, role_) {}

  /// What its tasks share.
  const rank_context& context() const { return rank_.context; }

  /// Returns when the job is over.
  ///
  /// Throws: cannot_go_on if MPI fails, or a message or value can't be read.
  void serve() RANKWISE_EXCLUDES(rank_.lock) {
    or_bring_down([this] {
      loop_.run();
      loop_.stop_helper_thread();
      rank_.context.let_go();
      transport::backoff idle(rank_.machine);
      const core::duration begun = rank_.machine.now();
      const auto is_late = [&] {
        return losses_.survives() && rank_.machine.now() - begun > worker_role::patience;
      };
      while (!all_sent() && !is_late()) idle.wait(rank_.machine.now());
    });
  }

 private:
  bool all_sent() RANKWISE_EXCLUDES(rank_.lock) {
    const threads::lock_scope held(rank_.lock);
    return rank_.state.links.all_sent();
  }

  this_rank rank_;
  const loss_settings losses_;
  worker_role role_ RANKWISE_GUARDED_BY(rank_.lock);
  rank_loop loop_;
};

}  // namespace rankwise::engine
