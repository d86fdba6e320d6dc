// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/message.hpp>
#include <rankwise/core/types.hpp>
#include <rankwise/core/worker.hpp>
#include <rankwise/engine/call/call_header.hpp>
#include <rankwise/engine/call/chunk_host.hpp>
#include <rankwise/engine/call/chunk_scope.hpp>
#include <rankwise/engine/call/task_threw.hpp>
#include <rankwise/engine/rank/helper_thread.hpp>
#include <rankwise/engine/rank/isolated_process.hpp>
#include <rankwise/engine/rank/poller.hpp>
#include <rankwise/engine/rank/rank_channels.hpp>
#include <rankwise/engine/rank/rank_role.hpp>
#include <rankwise/engine/rank/rank_state.hpp>
#include <rankwise/engine/rank/task_reports.hpp>
#include <rankwise/process/openmp_threads.hpp>
#include <rankwise/threads/mutex.hpp>
#include <rankwise/transport/backoff.hpp>
#include <rankwise/wire/buffer.hpp>

#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

namespace rankwise::engine {

/// The two threads of a rank: the computing thread runs chunks, and polls between tasks; the helper
/// thread polls while a task is long. Whoever polls holds the lock of the rank.
class rank_loop final : public chunk_host {
 public:
  /// `role` is guarded by the lock of `rank`.
  rank_loop(this_rank& rank, rank_role& role)
      : rank_(rank),
        role_(role),
        poller_(rank.state, rank.context, role),
        channels_(rank, poller_),
        reports_(rank, role) {
    rank_.context.others = &channels_;
    if (rank.has_helper_thread) {
      helper_thread_.emplace(
          rank.machine,
          [this] { return poll_from_helper_thread(); },
          rank.polled_at,
          rank.context.n_urgent);
    }
  }

  rank_loop(const rank_loop&) = delete;
  rank_loop& operator=(const rank_loop&) = delete;
  rank_loop(rank_loop&&) = delete;
  rank_loop& operator=(rank_loop&&) = delete;

  ~rank_loop() override {
    stop_helper_thread();
    rank_.context.kept.keep_only({});  // they close channels
  }

  /// Runs chunks, polls and waits, until the role is over.
  void run() RANKWISE_EXCLUDES(rank_.lock) {
    transport::backoff idle(rank_.machine);
    bool was_idle = false;
    for (;;) {
      const step next = next_step();
      if (next.is_over) return;
      if (next.chunk) {
        const in_tasks away(helper_thread_);
        run_chunk(next);
        channels_.deliver();
      } else if (next.has_settle_orders) {
        const in_tasks away(helper_thread_);
        reports_.settle_next();
      } else if (next.has_results) {
        const in_tasks away(helper_thread_);
        next.call->deliver();
      } else if (!channels_.deliver() && !next.has_received) {
        if (!was_idle) idle.reset(next.at);
        was_idle = true;
        // The rest of a large frame comes as fast as this rank polls, unless the other is stopped.
        if (next.in_motion && idle.idle(next.at) < std::chrono::seconds(1)) {
          rank_.machine.yield();
        } else {
          idle.wait(next.at);
        }
        continue;
      }
      was_idle = false;
    }
  }

  /// Polls once, from the computing thread.
  void poll() RANKWISE_EXCLUDES(rank_.lock) { channels_.poll_network(rank_.machine.now()); }

  /// The computing thread goes off, for something that is no chunk: the helper thread polls.
  void computing_thread_leaves() {
    if (helper_thread_) helper_thread_->tasks_begin();
  }

  void computing_thread_returns() {
    if (helper_thread_) helper_thread_->tasks_end();
  }

  void stop_helper_thread() { helper_thread_.reset(); }

  /// A computing thread that has other things to do polls that often.
  static constexpr core::duration poll_every{20'000};

 private:
  using chunk = core::worker<wire::bytes>::chunk;

  /// What the computing thread does next.
  struct step {
    core::duration at{};
    bool is_over = false;
    bool has_received = false;
    bool in_motion = false;  // parts of a frame are on their way
    bool has_settle_orders = false;
    bool has_results = false;  // for the program
    std::optional<rank_loop::chunk> chunk;
    call_use call;  // that the chunk or the results belong to
  };

  /// With fewer chunks queued, or after that time, the rank polls before its next chunk; before it
  /// tells a task what the root has decided, after that time.
  static constexpr std::size_t low_queue = 16;

  /// The helper thread polls while this lives.
  class in_tasks {
   public:
    explicit in_tasks(std::optional<helper_thread>& helper) : helper_(helper) {
      if (helper_) helper_->tasks_begin();
    }

    in_tasks(const in_tasks&) = delete;
    in_tasks& operator=(const in_tasks&) = delete;
    in_tasks(in_tasks&&) = delete;
    in_tasks& operator=(in_tasks&&) = delete;

    ~in_tasks() {
      if (helper_) helper_->tasks_end();
    }

   private:
    std::optional<helper_thread>& helper_;
  };

  step next_step() RANKWISE_EXCLUDES(rank_.lock) {
    const threads::lock_scope held(rank_.lock);
    rank_state& state = rank_.state;
    state.rethrow_failure();
    step next;
    next.at = rank_.machine.now();
    return_rest_of_chunk(next.at);
    const core::duration polled_at(rank_.polled_at.load(std::memory_order_relaxed));
    const bool wants_work = state.worker.n_queued() < low_queue && state.settle_orders.empty();
    if (wants_work || next.at - polled_at >= poll_every) {
      next.has_received = poller_.poll(next.at);
      rank_.polled_at.store(next.at.count(), std::memory_order_relaxed);
      next.at = rank_.machine.now();
    }
    next.has_settle_orders =
        !state.settle_orders.empty() || state.worker.epoch() != rank_.context.settle.epoch();
    if (next.has_settle_orders) return next;
    // Results come before chunks, but chunks come too where the program is always behind.
    if (!std::exchange(has_delivered_, false) || state.worker.n_queued() == 0) {
      if (!role_.is_over()) next.call = call_use(role_.find_call_with_results());
      has_delivered_ = next.has_results = static_cast<bool>(next.call);
      if (next.has_results) return next;
      next.is_over = role_.is_over();
      if (next.is_over) return next;
    }
    next.chunk = state.worker.start();
    timed_at_ = next.at;
    next.in_motion = !next.chunk && state.links.in_motion();
    poller_.tell_tasks();
    if (next.chunk) next.call = call_use(role_.find_call(next.chunk->call));
    if (!next.call) next.chunk.reset();  // another thread has ended all calls
    return next;
  }

  void return_rest_of_chunk(core::duration at) RANKWISE_REQUIRES(rank_.lock) {
    add_time(at);
    if (const std::optional<core::reports::returned> rest = rank_.state.worker.finish()) {
      wire::bytes nothing;
      role_.on_report(*rest, nothing);
    }
  }

  /// The chunk under way has taken the time up to `at`.
  void add_time(core::duration at) RANKWISE_REQUIRES(rank_.lock) {
    rank_.state.worker.add_time(at - std::exchange(timed_at_, at));
  }

  /// What a task may see belongs to the chunk: another call may begin while its tasks run. If the
  /// chunk is run between two items of another, that one's is seen again afterwards.
  void run_chunk(const step& next) {
    rank_context& context = rank_.context;
    const call_header& header = next.call->header();
    const call_header* const outer_header = std::exchange(header_, &header);
    const core::chunk_name outer_chunk =
        context.settle.begin_chunk({next.chunk->call, next.chunk->id});
    const bool outer_again = std::exchange(context.again, next.chunk->again);
    const std::uint64_t outer_item = context.running;
    chunk_scope scope(*this, context, next.chunk->items, next.at, header, std::move(spare_buffer_));
    enter(header);
    context.is_in_chunk = true;
    next.call->run_chunk(scope, next.chunk->payload);
    context.is_in_chunk = false;
    spare_buffer_ = std::move(scope.results());
    context.settle.begin_chunk(outer_chunk);
    context.again = outer_again;
    context.running = outer_item;
    header_ = outer_header;
    if (header_ != nullptr) enter(*header_);
  }

  /// What tasks see of the call that theirs belong to.
  void enter(const call_header& header) {
    rank_.context.seed = header.seed;
    rank_.context.call = header.number;
    rank_.context.threads = header.threads;
    openmp_.set(header.threads);
    rank_.context.task_limit = header.is_isolated ? 0 : header.task_limit.count();
  }

  /// Of calls that come before the one whose chunk is under way, and waits between two items.
  core::duration run_urgent_chunks() override RANKWISE_EXCLUDES(rank_.lock) {
    std::optional<step> next = urgent_step();
    if (!next) return {};
    const core::duration begun = next->at;
    for (; next; next = urgent_step()) {
      run_chunk(*next);
      channels_.deliver();
      const threads::lock_scope held(rank_.lock);
      return_rest_of_chunk(rank_.machine.now());
      poller_.tell_tasks();
    }
    return rank_.machine.now() - begun;
  }

  std::optional<step> urgent_step() RANKWISE_EXCLUDES(rank_.lock) {
    const threads::lock_scope held(rank_.lock);
    if (!rank_.state.worker.has_choice() || role_.is_over()) return std::nullopt;
    step next;
    next.at = rank_.machine.now();
    add_time(next.at);
    next.chunk = rank_.state.worker.start_before_running();
    if (!next.chunk) return std::nullopt;
    poller_.tell_tasks();
    next.call = call_use(role_.find_call(next.chunk->call));
    return next;
  }

  bool has_urgent_chunk() RANKWISE_EXCLUDES(rank_.lock) {
    const threads::lock_scope held(rank_.lock);
    if (!rank_.state.worker.has_choice() || role_.is_over()) return false;
    add_time(rank_.machine.now());
    return rank_.state.worker.has_urgent();
  }

  bool poll_between_tasks(core::duration at) override RANKWISE_EXCLUDES(rank_.lock) {
    channels_.poll_network(at);
    while (reports_.settle_next()) {
      const core::duration now = rank_.machine.now();
      if (now - at < poll_every) continue;
      at = now;
      channels_.poll_network(at);
    }
    channels_.deliver();
    return has_urgent_chunk();
  }

  void report_done(core::item_range items, core::duration elapsed, wire::bytes& buffer) override
      RANKWISE_EXCLUDES(rank_.lock) {
    reports_.done(items, elapsed, buffer);
  }

  void report_split(bool is_cut, wire::bytes& buffer) override RANKWISE_EXCLUDES(rank_.lock) {
    reports_.split_off(is_cut, buffer);
  }

  void report_failed(const task_threw& threw) override RANKWISE_EXCLUDES(rank_.lock) {
    reports_.failed(threw);
  }

  wire::bytes run_isolated(const std::function<void(wire::bytes&)>& task) override
      RANKWISE_EXCLUDES(rank_.lock) {
    return isolated_process(rank_, task)
        .wait(rank_.machine, header_->task_limit, rank_.context.cancelled);
  }

  /// Returns whether there is more to come soon.
  bool poll_from_helper_thread() RANKWISE_EXCLUDES(rank_.lock) {
    const threads::lock_scope held(rank_.lock);
    rank_state& state = rank_.state;
    if (state.failure) return false;
    try {
      return poller_.poll(rank_.machine.now()) || state.links.in_motion();
    } catch (...) {
      state.failure = std::current_exception();
      rank_.context.cancelled = true;
      return false;
    }
  }

  this_rank& rank_;
  rank_role& role_ RANKWISE_GUARDED_BY(rank_.lock);
  poller poller_ RANKWISE_GUARDED_BY(rank_.lock);
  rank_channels channels_;
  task_reports reports_;
  wire::bytes spare_buffer_;
  openmp_threads openmp_;
  const call_header* header_ = nullptr;         // of the call whose chunk is under way
  bool has_delivered_ = false;                  // results of a call, as the last step
  core::duration timed_at_{};                   // up to when that chunk has been counted
  std::optional<helper_thread> helper_thread_;  // last: it uses all the others
};

}  // namespace rankwise::engine
