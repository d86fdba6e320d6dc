// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/message.hpp>
#include <rankwise/core/types.hpp>
#include <rankwise/core/worker.hpp>
#include <rankwise/exchange/links.hpp>
#include <rankwise/exchange/mailbox.hpp>
#include <rankwise/task.hpp>
#include <rankwise/threads/mutex.hpp>
#include <rankwise/transport/endpoint.hpp>
#include <rankwise/transport/machine.hpp>
#include <rankwise/wire/buffer.hpp>

#include <atomic>
#include <cstdint>
#include <deque>
#include <exception>

namespace rankwise::engine {

/// What the root has decided about results of this rank, which its tasks are to be told.
struct settle_order {
  core::incarnation_number incarnation = 0;
  core::orders::settle order;
};

/// What the computing thread and the helper thread of a rank both work with.
struct rank_state {
  explicit rank_state(transport::endpoint& endpoint)
      : machine(endpoint.machine()), links(endpoint) {}

  transport::machine& machine;
  exchange::links links;
  core::worker<wire::bytes> worker = {};
  std::deque<settle_order> settle_orders = {};
  exchange::mailbox mailbox = {};
  std::exception_ptr failure = {};  ///< of the helper thread: nothing is sent any more
  bool is_job_over = false;

  /// Throws: what has ended the helper thread; messages may be half built then.
  void rethrow_failure() const {
    if (failure) std::rethrow_exception(failure);
  }
};

/// A rank as its own process sees it: what its two threads share, and the lock that they share it
/// under.
struct this_rank {
  explicit this_rank(transport::endpoint& endpoint)
      : machine(endpoint.machine()),
        n_ranks(endpoint.n_ranks()),
        has_helper_thread(endpoint.n_ranks() > 1 && endpoint.may_change_threads()),
        lock(machine.before_lock()),
        state(endpoint) {
    context.machine = &machine;
    context.rank = endpoint.rank();
    context.host = endpoint.host();
  }

  transport::machine& machine;
  const std::uint32_t n_ranks;
  const bool has_helper_thread;                   ///< polls while a task is long
  std::atomic<core::duration::rep> polled_at{0};  ///< by the computing thread
  rank_context context;  ///< of the computing thread, but for its atomic members
  threads::mutex lock;
  rank_state state RANKWISE_GUARDED_BY(lock);
};

}  // namespace rankwise::engine
