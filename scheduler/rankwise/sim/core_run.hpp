// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/coordinator.hpp>
#include <rankwise/core/coordinator_options.hpp>
#include <rankwise/core/message.hpp>
#include <rankwise/core/types.hpp>
#include <rankwise/core/worker.hpp>
#include <rankwise/random.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <queue>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

namespace rankwise::sim {

/// Something that befalls a rank of a simulated cluster.
struct core_fault {
  enum class kind : std::uint8_t {
    kill,    ///< it is gone for good
    freeze,  ///< it does nothing until `until`, and goes on where it was
    cut,     ///< what it sends and is sent arrives after `until`
    slow     ///< tasks that it begins before `until` take ten times as long
  };

  kind what = kind::kill;
  rank_id rank{1};  ///< the root can be frozen, nothing else
  core::duration at{};
  core::duration until{};
};

/// A simulated cluster, and the call that it runs.
struct core_run_options {
  core::coordinator_options call;  ///< the root does not work: `first_worker` is taken as 1
  std::function<core::duration(std::uint64_t index)> item_time;           ///< on a rank of speed 1
  std::function<double(rank_id)> speed;                                   ///< none: 1 for each rank
  std::function<bool(std::uint64_t index, std::uint32_t attempt)> fails;  ///< none: no task throws
  std::function<bool(std::uint64_t index)> kills;  ///< none: no task ends its rank; the root's too
  core::duration latency{20'000};                  ///< of each message
  core::duration
      jitter{};  ///< up to that much more, by chance; the order between two ranks is kept
  core::duration report_interval{100'000'000};
  std::vector<core_fault> faults;
  std::uint64_t seed = 1;
  core::duration give_up_at = std::chrono::hours(24 * 365);  ///< of virtual time
};

/// What came of it.
struct core_run_report {
  bool done = false;  ///< the call ended; else nothing more could happen
  core::duration makespan{};
  core::duration
      task_time{};  ///< of the tasks whose results were taken, on the ranks that ran them
  std::uint64_t n_messages = 0;
  std::uint64_t n_events = 0;
  std::uint64_t n_lost = 0;  ///< times that a rank was given up
  bool root_died = false;    ///< of a task: the job is over
  /// Ranks that worked at once and had not been given up, in all and of one host, where the call
  /// has such a bound.
  std::uint32_t most_at_once = 0;
  std::uint32_t most_on_host = 0;
  core::duration root_busy{};

  /// Of what could have been done: task time over the workers' time.
  double efficiency(std::uint32_t n_workers) const {
    return static_cast<double>(task_time.count()) /
           (static_cast<double>(n_workers) * static_cast<double>(makespan.count()));
  }
};

/// One call of the core alone, in virtual time: its coordinator and its workers on a cluster of any
/// size. Messages between them take time, and ranks fail as they are told to. Frames, threads,
/// settling, limits and journals are the engine's, which `engine_job` runs.
///
/// Local: one thread, no communication; the same options give the same run.
class core_run {
 public:
  /// Told of each result that the root takes, and of each failure that it reports; those of items
  /// that were given up are the root's.
  using taken = std::function<void(core::item_range items, rank_id rank, bool failed)>;

  explicit core_run(core_run_options options, taken take = {})
      : options_(with_root_aside(std::move(options))),
        take_(std::move(take)),
        coordinator_(options_.call),
        chance_(options_.seed, 0),
        ranks_(options_.call.n_ranks) {}

  core_run_report run() {
    for (std::uint32_t i = 0; i < options_.faults.size(); ++i) {
      const core_fault& fault = options_.faults[i];
      push(fault.at, {.what = event_kind::fault, .rank = row_of(fault.rank), .slot = i});
    }
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
  enum class event_kind : std::uint8_t { to_root, tick, to_worker, progress, alive, fault };

  struct event {
    core::duration time{};
    std::uint64_t order = 0;  // events of one time happen in the order in which they were made
    event_kind what{};
    std::uint32_t rank = 0;
    std::uint32_t slot = 0;  // of the message, or fault
    core::incarnation_number incarnation = 0;

    bool operator<(const event& other) const {
      return time != other.time ? time > other.time : order > other.order;
    }
  };

  struct nothing {};

  struct rank_state {
    core::worker<nothing> worker;
    std::optional<core::item_range> running;  // what is left of the chunk under way
    std::uint64_t step_count = 0;             // items of the step under way
    core::duration step_time{};
    bool step_fails = false;
    bool step_kills = false;
    std::vector<core::any_report> reports;  // not sent yet
    core::duration sent_at{};
    core::duration last_to_root{};  // arrival of the last message
    core::duration last_to_worker{};
    core::duration frozen_until{};
    core::duration cut_until{};
    core::duration slow_until{};
    bool is_dead = false;
  };

  using any_message = std::variant<core::any_order, core::any_report>;

  static core_run_options with_root_aside(core_run_options options) {
    options.call.first_worker = 1;
    return options;
  }

  static std::uint32_t row_of(rank_id rank) { return static_cast<std::uint32_t>(to_index(rank)); }

  void push(core::duration time, event what) {
    what.time = time;
    what.order = n_pushed_++;
    events_.push(what);
  }

  void step() {
    event next = events_.top();
    events_.pop();
    ++report_.n_events;
    rank_state& rank = ranks_[next.rank];
    if (next.what == event_kind::fault) return strike(options_.faults[next.slot]);
    if (rank.is_dead && next.what != event_kind::to_root) {
      if (next.what == event_kind::to_worker) free_slots_.push_back(next.slot);
      return;
    }
    const bool is_of_root = next.what == event_kind::to_root || next.what == event_kind::tick;
    const core::duration frozen_until = (is_of_root ? ranks_.front() : rank).frozen_until;
    if (next.time < frozen_until) {  // in the order of before, whatever else waits until then
      next.time = frozen_until;
      return events_.push(next);
    }
    switch (next.what) {
      case event_kind::to_root:
        receive_at_root(next);
        break;
      case event_kind::tick:
        look_at_silence(next.time);
        break;
      case event_kind::to_worker:
        receive_at_worker(next);
        break;
      case event_kind::progress:
        progress(next.time, next.rank);
        break;
      case event_kind::alive:
        rank.reports.emplace_back(core::reports::heartbeat{});
        send_reports(next.time, next.rank);
        push(next.time + options_.call.lease / 4, next);
        break;
      case event_kind::fault:
        break;
    }
  }

  void strike(const core_fault& fault) {
    rank_state& rank = ranks_[to_index(fault.rank)];
    switch (fault.what) {
      case core_fault::kind::kill:
        rank.is_dead = true;
        break;
      case core_fault::kind::freeze:
        rank.frozen_until = std::max(rank.frozen_until, fault.until);
        break;
      case core_fault::kind::cut:
        rank.cut_until = std::max(rank.cut_until, fault.until);
        break;
      case core_fault::kind::slow:
        rank.slow_until = std::max(rank.slow_until, fault.until);
        break;
    }
  }

  // The root: each message, in or out, takes it the cost of a message.

  void receive_at_root(const event& arrival) {
    const auto report = std::get<core::any_report>(take_message(arrival.slot));
    spend(arrival.time);
    const rank_id from = to_rank(arrival.rank);
    const bool is_accepted =
        coordinator_.on_report(from, arrival.incarnation, report, root_free_) ==
        core::verdict::accepted;
    if (is_accepted) book(from, report);
    go_on();
  }

  void look_at_silence(core::duration time) {
    root_free_ = std::max(root_free_, time);
    for (const core::loss& one : coordinator_.tick(root_free_)) {
      ++report_.n_lost;
      send_to_worker(
          row_of(one.rank), coordinator_.record(one.rank).incarnation, core::orders::heartbeat{});
    }
    go_on();
    push(time + options_.call.lease / 4, {.what = event_kind::tick});
  }

  void book(rank_id from, const core::any_report& report) {
    if (const auto* const done = std::get_if<core::reports::done>(&report)) {
      report_.task_time += done->elapsed;
      if (take_) take_(done->items, from, false);
    } else if (const auto* const failed = std::get_if<core::reports::failed>(&report)) {
      if (take_) take_({failed->item, 1}, from, true);
    }
  }

  void go_on() {
    for (const core::given_up_item& item : coordinator_.take_given_up()) {
      if (take_) take_({item.index, 1}, root_rank, true);
    }
    hand_out();
    if (coordinator_.cancelled() && !std::exchange(cancel_told_, true)) tell_all_to_cancel();
  }

  void hand_out() {
    while (!report_.root_died) {
      const std::optional<core::grant> given = coordinator_.next_grant(root_free_);
      if (!given) return;
      if (given->rank == root_rank) {
        run_at_root(*given);
      } else {
        send_to_worker(row_of(given->rank),
                       given->incarnation,
                       core::orders::grant{0, given->again, given->chunk, given->items});
      }
    }
  }

  /// The root is alone: it runs the items one by one, and does nothing else meanwhile.
  void run_at_root(const core::grant& given) {
    for (std::uint64_t index = given.items.first; index != given.items.end(); ++index) {
      report_.root_died = is_fatal(index);
      if (report_.root_died) return;
      const core::duration elapsed = options_.item_time(index);
      root_free_ += elapsed;
      core::any_report report = core::reports::done{0, false, given.chunk, {index, 1}, elapsed};
      if (fails_now(index)) report = core::reports::failed{0, given.chunk, index};
      if (coordinator_.on_report(root_rank, given.incarnation, report, root_free_) ==
          core::verdict::accepted)
        book(root_rank, report);
    }
  }

  void tell_all_to_cancel() {
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
    const auto order = std::get<core::any_order>(take_message(arrival.slot));
    rank_state& rank = ranks_[arrival.rank];
    if (const auto* const grant = std::get_if<core::orders::grant>(&order)) {
      rank.worker.on_grant(arrival.incarnation, *grant, {});
    } else if (const auto* const cancel = std::get_if<core::orders::cancel>(&order)) {
      for (const core::reports::returned& back :
           rank.worker.on_cancel(arrival.incarnation, *cancel))
        rank.reports.emplace_back(back);
    } else {
      rank.worker.begin_incarnation(arrival.incarnation);
    }
    if (!rank.running) start(arrival.time, arrival.rank);
    flush(arrival.time, arrival.rank);
  }

  void start(core::duration time, std::uint32_t row) {
    rank_state& rank = ranks_[row];
    if (const auto chunk = rank.worker.start()) {
      rank.running = chunk->items;
      begin_step(time, row);
    }
  }

  /// A step ends with a failure, a task that is fatal, at the report interval or with the chunk.
  void begin_step(core::duration time, std::uint32_t row) {
    note_ranks_at_once();
    rank_state& rank = ranks_[row];
    const double slowed = time < rank.slow_until ? 0.1 : 1;
    const double speed = slowed * (options_.speed ? options_.speed(to_rank(row)) : 1);
    rank.step_count = 0;
    rank.step_time = {};
    rank.step_fails = rank.step_kills = false;
    while (rank.step_count < rank.running->count && rank.step_time < options_.report_interval &&
           !rank.step_fails && !rank.step_kills) {
      const std::uint64_t index = rank.running->first + rank.step_count;
      if (rank.step_count != 0 && (is_failing(index) || is_fatal(index))) break;
      rank.step_kills = is_fatal(index);
      rank.step_fails = fails_now(index);
      rank.step_time += core::duration(static_cast<core::duration::rep>(
          static_cast<double>(options_.item_time(index).count()) / speed));
      ++rank.step_count;
    }
    push(time + rank.step_time, {.what = event_kind::progress, .rank = row});
  }

  void note_ranks_at_once() {
    const core::coordinator_options& call = options_.call;
    if (call.at_most == 0 && call.at_most_on_host == 0) return;
    std::uint32_t n_at_once = 0;
    std::unordered_map<std::uint32_t, std::uint32_t> on_host;
    for (std::size_t row = 1; row < ranks_.size(); ++row) {
      const rank_state& rank = ranks_[row];
      const bool is_its =
          rank.worker.incarnation() == coordinator_.record(to_rank(row)).incarnation;
      if (!rank.running || rank.is_dead || rank.worker.interrupted() || !is_its) continue;
      report_.most_at_once = std::max(report_.most_at_once, ++n_at_once);
      if (call.hosts.empty()) continue;
      report_.most_on_host = std::max(report_.most_on_host, ++on_host[call.hosts[row]]);
    }
  }

  void progress(core::duration time, std::uint32_t row) {
    rank_state& rank = ranks_[row];
    rank.is_dead = rank.step_kills;
    if (rank.is_dead) return;
    if (rank.step_fails) {
      if (const auto failed = rank.worker.failed()) rank.reports.emplace_back(*failed);
    } else if (const auto done = rank.worker.done(rank.step_count, rank.step_time, false)) {
      rank.reports.emplace_back(*done);
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

  // Tasks that throw or end their ranks, and messages under way.

  bool is_fatal(std::uint64_t index) const { return options_.kills && options_.kills(index); }

  bool is_failing(std::uint64_t index) const {
    if (!options_.fails) return false;
    const auto found = attempts_.find(index);
    return options_.fails(index, found == attempts_.end() ? 0 : found->second);
  }

  /// The task of the item runs.
  bool fails_now(std::uint64_t index) {
    const bool is = is_failing(index);
    if (is) ++attempts_[index];
    return is;
  }

  core::duration arrival_time(core::duration sent, const rank_state& rank) {
    const auto span = static_cast<std::uint64_t>(options_.jitter.count());
    const core::duration extra{
        span == 0 ? 0 : static_cast<core::duration::rep>(chance_() % (span + 1))};
    return std::max(sent + options_.latency + extra, rank.cut_until);
  }

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

  any_message take_message(std::uint32_t slot) {
    free_slots_.push_back(slot);
    return messages_[slot];
  }

  core_run_options options_;
  taken take_;
  core::coordinator coordinator_;
  random_stream chance_;
  std::vector<rank_state> ranks_;  // by rank
  std::priority_queue<event> events_;
  std::uint64_t n_pushed_ = 0;
  std::vector<any_message> messages_;
  std::vector<std::uint32_t> free_slots_;
  std::unordered_map<std::uint64_t, std::uint32_t> attempts_;
  core::duration root_free_{};
  core_run_report report_;
  bool cancel_told_ = false;
};

}  // namespace rankwise::sim
