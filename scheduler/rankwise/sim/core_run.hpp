// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/coordinator.hpp>
#include <rankwise/core/message.hpp>
#include <rankwise/core/settlements.hpp>
#include <rankwise/core/types.hpp>
#include <rankwise/core/worker.hpp>
#include <rankwise/random.hpp>
#include <rankwise/sim/options.hpp>
#include <rankwise/sim/report.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <queue>
#include <stdexcept>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

namespace rankwise::transport {

/// Runs one call on a simulated cluster, in virtual time: the coordinator and the workers are those
/// of the core, the messages between them take time, and ranks fail as they are told to.
///
/// Local: one thread, no communication; the same options give the same run.
class sim {
 public:
  /// Told of each result that the root takes, and of each failure that it reports; those of items
  /// that were given up are the root's.
  using taken = std::function<void(core::item_range items, rank_id rank, bool failed)>;

  explicit sim(sim_options options, taken take = {})
      : options_(with_root_aside(std::move(options))),
        take_(std::move(take)),
        coordinator_(options_.call),
        chance_(options_.seed, 0),
        ranks_(options_.call.n_ranks) {}

  sim_report run() {
    for (const sim_fault& fault : options_.faults) schedule_fault(fault);
    for (std::size_t row = 1; row < ranks_.size(); ++row)
      coordinator_.joined(to_rank(row), root_free_);
    if (options_.call.lease.count() != 0) {
      push(options_.call.lease / 4, {.what = event_kind::tick});
      for (std::uint32_t row = 1; row < ranks_.size(); ++row)
        push({}, {.what = event_kind::alive, .rank = row});
    }
    hand_out();
    while (!coordinator_.done() && !report_.root_died && !events_.empty() &&
           root_free_ < options_.give_up_at) {
      step();
    }
    report_.done = coordinator_.done();
    report_.makespan = root_free_;
    return report_;
  }

  const core::coordinator& coordinator() const { return coordinator_; }

 private:
  enum class event_kind : std::uint8_t {
    to_root,
    to_worker,
    progress,
    alive,
    overran,
    tick,
    kill,
    freeze,
    cut,
    slow
  };

  struct event {
    core::duration time{};
    std::uint64_t order = 0;  // events of one time happen in the order in which they were made
    event_kind what{};
    std::uint32_t rank = 0;
    std::uint32_t slot = 0;  // of the message
    core::incarnation_number incarnation = 0;
    core::duration until{};

    bool operator<(const event& other) const {
      return time != other.time ? time > other.time : order > other.order;
    }
  };

  struct nothing {};

  struct rank_state {
    core::worker<nothing> worker;
    core::settlements waiting;
    std::optional<core::item_range> running;  // what is left of the chunk under way
    std::uint64_t step_count = 0;             // items of the step under way
    core::duration step_time{};
    bool step_fails = false;
    std::vector<core::any_report> reports;  // not sent yet
    core::duration sent_at{};
    core::duration last_to_root{};  // arrival of the last message
    core::duration last_to_worker{};
    core::duration frozen_until{};
    core::duration cut_until{};
    core::duration slow_until{};
    bool dead = false;
    bool dies = false;   // of the task that ends the step
    bool stuck = false;  // in a task that has overrun
  };

  static sim_options with_root_aside(sim_options options) {
    options.call.first_worker = 1;
    return options;
  }

  void push(core::duration time, event what) {
    what.time = time;
    what.order = n_pushed_++;
    events_.push(what);
  }

  void schedule_fault(const sim_fault& fault) {
    const auto what = fault.what == sim_fault::kind::kill     ? event_kind::kill
                      : fault.what == sim_fault::kind::freeze ? event_kind::freeze
                      : fault.what == sim_fault::kind::cut    ? event_kind::cut
                                                              : event_kind::slow;
    push(fault.at, {.what = what, .rank = row_of(fault.rank), .until = fault.until});
  }

  static std::uint32_t row_of(rank_id rank) { return static_cast<std::uint32_t>(to_index(rank)); }

  void step() {
    const event next = events_.top();
    events_.pop();
    ++report_.n_events;
    rank_state& rank = ranks_[next.rank];
    const bool is_of_worker = next.what == event_kind::to_worker ||
                              next.what == event_kind::progress || next.what == event_kind::alive ||
                              next.what == event_kind::overran;
    if (is_of_worker && rank.dead) {
      if (next.what == event_kind::to_worker) free_slots_.push_back(next.slot);
      return;
    }
    const bool is_of_root = next.what == event_kind::to_root || next.what == event_kind::tick;
    const core::duration frozen_until = is_of_worker ? rank.frozen_until
                                        : is_of_root ? ranks_.front().frozen_until
                                                     : core::duration{};
    if (next.time < frozen_until) {
      push(frozen_until, next);
      return;
    }
    switch (next.what) {
      case event_kind::to_root:
        receive_at_root(next);
        break;
      case event_kind::to_worker:
        receive_at_worker(next);
        break;
      case event_kind::progress:
        progress(next.time, next.rank);
        break;
      case event_kind::alive:
        beat(next.time, next.rank);
        break;
      case event_kind::overran:
        overrun(next);
        break;
      case event_kind::tick:
        root_free_ = std::max(root_free_, next.time);
        for (const core::loss& one : coordinator_.tick(root_free_)) {
          ++report_.n_lost;
          tell_incarnation(row_of(one.rank));
        }
        note_given_up();
        hand_out();
        if (coordinator_.cancelled() && !cancel_told_) tell_all_to_cancel();
        push(next.time + options_.call.lease / 4, {.what = event_kind::tick});
        break;
      case event_kind::kill:
        rank.dead = true;
        break;
      case event_kind::freeze:
        rank.frozen_until = std::max(rank.frozen_until, next.until);
        break;
      case event_kind::cut:
        rank.cut_until = std::max(rank.cut_until, next.until);
        break;
      case event_kind::slow:
        rank.slow_until = std::max(rank.slow_until, next.until);
        break;
    }
  }

  // The root: each message, in or out, takes it the cost of a message.

  void receive_at_root(const event& arrival) {
    const core::any_report report = std::get<core::any_report>(messages_[arrival.slot]);
    free_slots_.push_back(arrival.slot);
    spend(arrival.time);
    const rank_id from = to_rank(arrival.rank);
    const core::verdict verdict =
        coordinator_.on_report(from, arrival.incarnation, report, root_free_);
    if (core::is_stuck(report) && coordinator_.record(from).incarnation != arrival.incarnation)
      tell_incarnation(arrival.rank);
    const bool accepted = verdict == core::verdict::accepted;
    if (const auto* const done = std::get_if<core::reports::done>(&report)) {
      if (accepted) report_.task_time += done->elapsed;
      if (accepted && take_) take_(done->items, from, false);
      if (done->to_be_settled) {
        send_to_worker(arrival.rank,
                       arrival.incarnation,
                       core::orders::settle{done->call, accepted, done->chunk, done->items});
      }
    } else if (const auto* const failed = std::get_if<core::reports::failed>(&report)) {
      if (accepted && take_) take_({failed->item, 1}, from, true);
    } else if (const auto* const overran = std::get_if<core::reports::overran>(&report)) {
      if (accepted && take_) take_({overran->item, 1}, from, true);
    }
    note_given_up();
    hand_out();
    if (coordinator_.cancelled() && !cancel_told_) tell_all_to_cancel();
  }

  void note_given_up() {
    for (const core::given_up_item& item : coordinator_.take_given_up()) {
      if (take_) take_({item.index, 1}, root_rank, true);
    }
  }

  /// The root is alone: it runs the items one by one, and does nothing else meanwhile.
  void run_at_root(const core::grant& given) {
    for (std::uint64_t index = given.items.first; index != given.items.end(); ++index) {
      if (options_.kills && options_.kills(index)) {
        report_.root_died = true;
        return;
      }
      const core::duration elapsed = options_.item_time(index);
      root_free_ += elapsed;
      core::any_report report = core::reports::done{0, false, given.chunk, {index, 1}, elapsed};
      const bool failed = options_.fails && options_.fails(index, attempt(index));
      if (failed) {
        report = core::reports::failed{0, given.chunk, index};
        ++attempts_[index];
      }
      if (coordinator_.on_report(root_rank, given.incarnation, report, root_free_) ==
              core::verdict::accepted &&
          take_) {
        take_({index, 1}, root_rank, failed);
      }
    }
  }

  void hand_out() {
    while (const std::optional<core::grant> given = coordinator_.next_grant(root_free_)) {
      if (given->rank == root_rank) {
        run_at_root(*given);
        if (report_.root_died) return;
        continue;
      }
      const core::orders::grant order{0, given->again, given->chunk, given->items};
      send_to_worker(row_of(given->rank), given->incarnation, order);
    }
  }

  void tell_incarnation(std::uint32_t row) {
    send_to_worker(row, coordinator_.record(to_rank(row)).incarnation, core::orders::heartbeat{});
  }

  void tell_all_to_cancel() {
    cancel_told_ = true;
    for (std::uint32_t row = 1; row < ranks_.size(); ++row) {
      const core::rank_record& record = coordinator_.record(to_rank(row));
      if (record.chunks_out != 0) send_to_worker(row, record.incarnation, core::orders::cancel{});
    }
  }

  void send_to_worker(std::uint32_t row,
                      core::incarnation_number incarnation,
                      const core::any_order& order) {
    spend(root_free_);
    rank_state& rank = ranks_[row];
    rank.last_to_worker = std::max(rank.last_to_worker, arrival_time(root_free_, rank));
    push(rank.last_to_worker,
         {.what = event_kind::to_worker,
          .rank = row,
          .slot = keep(order),
          .incarnation = incarnation});
  }

  void spend(core::duration from) {
    root_free_ = std::max(root_free_, from) + options_.call.message_cost;
    report_.root_busy += options_.call.message_cost;
    ++report_.n_messages;
  }

  // A worker.

  void receive_at_worker(const event& arrival) {
    const core::any_order order = std::get<core::any_order>(messages_[arrival.slot]);
    free_slots_.push_back(arrival.slot);
    rank_state& rank = ranks_[arrival.rank];
    if (const auto* const settles = std::get_if<core::orders::settle>(&order)) {
      settle(rank, arrival.incarnation, *settles);
    } else if (const auto* const grant = std::get_if<core::orders::grant>(&order)) {
      rank.worker.on_grant(arrival.incarnation, *grant, {});
    } else if (const auto* const cancel = std::get_if<core::orders::cancel>(&order)) {
      for (const core::reports::returned& back :
           rank.worker.on_cancel(arrival.incarnation, *cancel)) {
        rank.reports.emplace_back(back);
      }
    } else {
      rank.worker.begin_incarnation(arrival.incarnation);
    }
    if (!rank.running) start(arrival.time, arrival.rank);
    flush(arrival.time, arrival.rank);
  }

  void settle(rank_state& rank,
              core::incarnation_number incarnation,
              const core::orders::settle& order) {
    const core::call_incarnation current = rank.worker.current_call();
    rank.waiting.enter(current);
    if (core::call_incarnation{order.call, incarnation} != current) return;
    for (std::uint64_t index = order.items.first; index != order.items.end(); ++index) {
      const std::uint64_t n_told_before = n_told_;
      try {
        rank.waiting.settle(order.chunk, index, order.accepted);
      } catch (const std::logic_error&) {
        ++report_.n_settled_wrongly;
      }
      if (order.accepted && n_told_ - n_told_before > 1) ++report_.n_settled_wrongly;
      if (order.accepted) rank.reports.emplace_back(core::reports::settled{order.call, index});
    }
  }

  void start(core::duration time, std::uint32_t row) {
    rank_state& rank = ranks_[row];
    rank.waiting.enter(rank.worker.current_call());
    if (const auto chunk = rank.worker.start()) {
      rank.running = chunk->items;
      rank.waiting.begin_chunk(chunk->id);
      begin_step(time, row);
    }
  }

  /// A step ends with a failure, a task that is fatal or too long, at the report interval or with
  /// the chunk.
  void begin_step(core::duration time, std::uint32_t row) {
    rank_state& rank = ranks_[row];
    const double slowed = time < rank.slow_until ? 0.1 : 1;
    const double speed = slowed * (options_.speed ? options_.speed(to_rank(row)) : 1);
    rank.step_count = 0;
    rank.step_time = {};
    rank.step_fails = false;
    while (rank.step_count < rank.running->count && rank.step_time < options_.report_interval) {
      const std::uint64_t index = rank.running->first + rank.step_count;
      const bool fails = options_.fails && options_.fails(index, attempt(index));
      const core::duration takes(static_cast<core::duration::rep>(
          static_cast<double>(options_.item_time(index).count()) / speed));
      const bool is_fatal = options_.kills && options_.kills(index);
      const bool is_too_long = options_.task_limit.count() != 0 && takes > options_.task_limit;
      if ((fails || is_fatal || is_too_long) && rank.step_count != 0) break;
      rank.step_time += takes;
      ++rank.step_count;
      rank.step_fails = fails;
      rank.dies = is_fatal;
      if (is_too_long) push(time + options_.task_limit, {.what = event_kind::overran, .rank = row});
      if (fails) ++attempts_[index];
      if (fails || is_fatal || is_too_long) break;
    }
    push(time + rank.step_time, {.what = event_kind::progress, .rank = row});
  }

  void ask_to_be_told(rank_state& rank, core::item_range items) {
    for (std::uint64_t index = items.first; index != items.end(); ++index)
      rank.waiting.add(index, [this](bool accepted) { n_told_ += accepted ? 1 : 0; });
  }

  void overrun(const event& noticed) {
    rank_state& rank = ranks_[noticed.rank];
    if (!rank.running) return;
    const auto report = rank.worker.overran(rank.running->first);
    if (!report) return;
    rank.stuck = true;
    rank.reports.emplace_back(*report);
    send_reports(noticed.time, noticed.rank);
  }

  void progress(core::duration time, std::uint32_t row) {
    rank_state& rank = ranks_[row];
    rank.stuck = false;
    if (rank.dies) {
      rank.dead = true;
      return;
    }
    if (rank.step_fails) {
      if (const auto failed = rank.worker.failed()) rank.reports.emplace_back(*failed);
    } else if (const auto done =
                   rank.worker.done(rank.step_count, rank.step_time, options_.settle)) {
      rank.reports.emplace_back(*done);
      if (done->to_be_settled) ask_to_be_told(rank, done->items);
    }
    rank.running->first += rank.step_count;
    rank.running->count -= rank.step_count;
    if (rank.running->count != 0 && !rank.worker.interrupted()) {
      begin_step(time, row);
    } else {
      if (const auto rest = rank.worker.finish()) rank.reports.emplace_back(*rest);
      rank.running.reset();
      start(time, row);
    }
    flush(time, row);
  }

  void beat(core::duration time, std::uint32_t row) {
    rank_state& rank = ranks_[row];
    rank.reports.emplace_back(core::reports::heartbeat{rank.stuck});
    send_reports(time, row);
    push(time + options_.call.lease / 4, {.what = event_kind::alive, .rank = row});
  }

  void flush(core::duration time, std::uint32_t row) {
    rank_state& rank = ranks_[row];
    if (rank.worker.should_send(rank.reports.size(), time - rank.sent_at)) send_reports(time, row);
  }

  void send_reports(core::duration time, std::uint32_t row) {
    rank_state& rank = ranks_[row];
    for (const core::any_report& report : rank.reports) {
      rank.last_to_root = std::max(rank.last_to_root, arrival_time(time, rank));
      push(rank.last_to_root,
           {.what = event_kind::to_root,
            .rank = row,
            .slot = keep(report),
            .incarnation = rank.worker.incarnation()});
    }
    rank.reports.clear();
    rank.sent_at = time;
  }

  std::uint32_t attempt(std::uint64_t index) {
    const auto found = attempts_.find(index);
    return found == attempts_.end() ? 0 : found->second;
  }

  core::duration arrival_time(core::duration sent, const rank_state& rank) {
    const std::uint64_t span = static_cast<std::uint64_t>(options_.jitter.count());
    const core::duration extra{
        span == 0 ? 0 : static_cast<core::duration::rep>(chance_() % (span + 1))};
    return std::max(sent + options_.latency + extra, rank.cut_until);
  }

  using any_message = std::variant<core::any_order, core::any_report>;

  std::uint32_t keep(const any_message& message) {
    if (free_slots_.empty()) {
      messages_.push_back(message);
      return static_cast<std::uint32_t>(messages_.size() - 1);
    }
    const std::uint32_t slot = free_slots_.back();
    free_slots_.pop_back();
    messages_[slot] = message;
    return slot;
  }

  sim_options options_;
  taken take_;
  core::coordinator coordinator_;
  random_stream chance_;
  std::vector<rank_state> ranks_;
  std::priority_queue<event> events_;
  std::uint64_t n_pushed_ = 0;
  std::vector<any_message> messages_;
  std::vector<std::uint32_t> free_slots_;
  std::unordered_map<std::uint64_t, std::uint32_t> attempts_;
  core::duration root_free_{};
  sim_report report_;
  bool cancel_told_ = false;
  std::uint64_t n_told_ = 0;  // tasks that their results count
};

}  // namespace rankwise::transport
