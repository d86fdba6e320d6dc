// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/types.hpp>
#include <rankwise/engine/call/call_header.hpp>
#include <rankwise/engine/call/chunk_host.hpp>
#include <rankwise/engine/call/task_threw.hpp>
#include <rankwise/exchange/frame_layout.hpp>
#include <rankwise/task.hpp>
#include <rankwise/wire/buffer.hpp>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>
#include <utility>

namespace rankwise::engine {

/// The chunk under way, as the code that runs its tasks sees it.
class chunk_scope {
 public:
  chunk_scope(chunk_host& host,
              rank_context& context,
              core::item_range items,
              core::duration begun,
              const call_header& header,
              wire::bytes results)
      : host_(&host),
        context_(&context),
        items_(items),
        unreported_(items.first),
        report_interval_(header.report_interval),
        checkpoint_interval_(header.checkpoint_interval),
        is_isolated_(header.is_isolated),
        report_begun_(begun),
        batch_begun_(begun),
        results_(std::move(results)) {
    results_.clear();
    context.running_since.store(begun.count(), std::memory_order_relaxed);
  }

  core::item_range items() const { return items_; }

  rank_context& context() { return *context_; }

  /// Where results for the root go, behind `report_headroom` of room.
  wire::bytes& results() { return results_; }

  /// Gives `results` its headroom.
  void open_results() { results_.resize(exchange::report_headroom); }

  /// How many items to run before the next `checkpoint`.
  std::uint64_t batch() const { return batch_; }

  /// Takes and sends messages; batches come out at some 20 us each, so that this costs little and
  /// happens often.
  void checkpoint() {
    const core::duration at = context_->machine->now();
    const core::duration batch_took = at - batch_begun_;
    if (batch_took < batch_target / 2) batch_ = std::min(2 * batch_, largest_batch);
    if (batch_took > batch_target * 2) batch_ = std::max<std::uint64_t>(1, batch_ / 2);
    batch_begun_ = at;
    context_->is_in_chunk = false;  // what tasks have asked to be told is no task's time
    is_urgent_ = host_->poll_between_tasks(at);
    go_on();
  }

  /// Lets more urgent chunks run; what is done is to be reported before.
  void step_aside() {
    if (!is_urgent_) return;
    context_->is_in_chunk = false;
    const core::duration away = host_->run_urgent_chunks();
    report_begun_ += away;
    batch_begun_ += away;
    go_on();
  }

  /// Does `work`, which is no task: its time is none of the chunk's.
  template <class Work>
  void outside_tasks(Work work) {
    const core::duration begun = context_->machine->now();
    context_->is_in_chunk = false;
    work();
    const core::duration away = context_->machine->now() - begun;
    report_begun_ += away;
    batch_begun_ += away;
    go_on();
  }

  /// The rest of the chunk is not wanted, or not to be run here.
  bool interrupted() const { return cancelled() || leaving(); }

  bool cancelled() const { return context_->cancelled.load(std::memory_order_relaxed); }

  /// This thread is wanted elsewhere; the rest of the chunk is handed out again.
  bool leaving() const { return context_->is_leaving.load(std::memory_order_relaxed); }

  /// Results have waited for as long as they should.
  bool report_due() const { return is_urgent_ || batch_begun_ - report_begun_ >= report_interval_; }

  /// Reports the next `count` items as done, with the results in `results`, which is empty
  /// afterwards.
  void done(std::uint64_t count) {
    if (count != 0) host_->report_done({unreported_, count}, lap(), results_);
    unreported_ += count;
    results_.clear();
  }

  /// Another rank has no work: some of the item under way is for it.
  bool split_wanted() const { return context_->split_wanted.load(std::memory_order_relaxed); }

  /// Reports that the rest of the next item was cut into two, which stand in `results`; that is
  /// empty afterwards.
  void split_off() {
    host_->report_split(true, results_);
    results_.clear();
  }

  /// How often to `hand_in_part`; 0: never.
  core::duration checkpoint_interval() const { return checkpoint_interval_; }

  /// Reports that a part of the next item is done; what has come of it and the rest, which is the
  /// item from now on, stand in `results`; that is empty afterwards.
  void hand_in_part() {
    host_->report_split(false, results_);
    results_.clear();
  }

  /// Each task is to run in a process of its own, by `run_isolated`.
  bool is_isolated() const { return is_isolated_; }

  /// Throws: task_threw, as chunk_host::run_isolated.
  wire::bytes run_isolated(const std::function<void(wire::bytes&)>& task) {
    return host_->run_isolated(task);
  }

  /// Reports the next item as failed.
  void failed(const task_threw& threw) {
    ++unreported_;
    lap();
    host_->report_failed(threw);
  }

 private:
  static constexpr core::duration batch_target{20'000};
  static constexpr std::uint64_t largest_batch = std::uint64_t{1} << 20U;

  void go_on() {
    context_->running_since.store(context_->machine->now().count(), std::memory_order_relaxed);
    context_->is_in_chunk = true;
  }

  core::duration lap() {
    const core::duration at = context_->machine->now();
    return at - std::exchange(report_begun_, at);
  }

  chunk_host* host_;
  rank_context* context_;
  core::item_range items_;
  std::uint64_t unreported_;
  core::duration report_interval_;
  core::duration checkpoint_interval_;
  bool is_isolated_;
  bool is_urgent_ = false;  // a more urgent chunk waits
  core::duration report_begun_;
  core::duration batch_begun_;
  std::uint64_t batch_ = 1;
  wire::bytes results_;
};

}  // namespace rankwise::engine
