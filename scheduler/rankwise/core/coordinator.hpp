// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/chunk_table.hpp>
#include <rankwise/core/message.hpp>
#include <rankwise/core/rank_record.hpp>
#include <rankwise/core/schedule.hpp>
#include <rankwise/core/schedule_kind.hpp>
#include <rankwise/core/types.hpp>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_map>
#include <vector>

namespace rankwise::core {

/// Which rank may run an item.
enum class placement : std::uint8_t {
  anywhere,
  one_each  ///< as many items as there are workers; each runs the item of its own row
};

/// How the items of one call are to be handed out.
struct coordinator_options {
  std::uint64_t n_items = 0;
  std::uint32_t n_ranks = 1;       ///< rows of the table of ranks, whether they work or not
  std::uint32_t first_worker = 0;  ///< 1 where the root does not work
  schedule_kind schedule = schedule_kind::adaptive;
  std::uint64_t chunk = 0;  ///< 0: the schedule's own
  placement place = placement::anywhere;
  std::uint32_t retries = 0;    ///< how often a task that throws is run again
  bool stop_on_failure = true;  ///< a task that still throws ends the call; else the others go on
  duration lease{0};  ///< a rank with work that is silent for longer is given up; 0: never
  duration message_cost{1000};  ///< time that one message takes the root
};

/// Work for one rank.
struct grant {
  rank_id rank = root_rank;
  epoch_number epoch = 0;
  std::uint64_t chunk = 0;
  item_range items;
};

/// What becomes of something that a rank reported.
enum class verdict {
  accepted,  ///< it counts: keep the result, or report the failure
  retried,   ///< a failure that does not count: the item will run again
  dropped    ///< late or unwanted: the item is somebody else's now, or the call is over
};

/// Decides which rank runs which items of one call, until each item has counted exactly once.
///
/// Local: a state machine; events go in (`joined`, `receive`, `lost`, `tick`), grants come out
/// (`next_grant`). Time is told by the caller, and never runs backwards. Cost:  an event or a grant
/// takes constant time, but `lost` and `tick`: linear in the chunks or ranks.
class coordinator {
 public:
  explicit coordinator(const coordinator_options& options)
      : options_(options),
        ranks_(options.n_ranks),
        fresh_{0, options.n_items},
        remaining_(options.n_items) {}

  /// `rank` can be given work from now on.
  void joined(rank_id rank, duration now) {
    rank_record& record = ranks_[to_index(rank)];
    if (record.active || to_index(rank) < options_.first_worker) return;
    record.active = true;
    record.last_heard = now;
    ++n_active_;
    enqueue(rank);
  }

  /// The next chunk to hand out, or none for now. Ranks take turns. Call it until it gives none
  /// after each event.
  std::optional<grant> next_grant(duration now) {
    while (!ready_.empty()) {
      const rank_id rank = ready_.front();
      ready_.pop_front();
      rank_record& record = ranks_[to_index(rank)];
      record.queued = false;
      if (cancelled_ || !record.active || remaining_ == 0 || !wants_more(record)) continue;
      const bool again = !requeued_.empty();
      const item_range items = options_.place == placement::one_each
                                   ? take_own(rank, record)
                                   : take(chunk_size(rank, record));
      if (items.count == 0) continue;
      if (record.chunks_out == 0) {
        record.last_heard = now;
        ++n_at_work_;
      }
      ++record.chunks_out;
      record.items_out += items.count;
      record.items_granted += again ? 0 : items.count;
      enqueue(rank);
      return grant{rank, record.epoch, chunks_.add(rank, record.epoch, items), items};
    }
    return std::nullopt;
  }

  /// What `rank`, in its life `epoch`, says.
  verdict receive(rank_id rank, epoch_number epoch, const message& said, duration now) {
    rank_record& record = ranks_[to_index(rank)];
    record.last_heard = now;
    if (!record.active || record.epoch != epoch) {
      joined(rank, now);  // a rank that had been given up: its next grant begins a new life
      return verdict::dropped;
    }
    enqueue(rank);
    switch (said.kind) {
      case message_kind::done:
        return finish(record, said, now);
      case message_kind::failed:
        return take_back(record, said) ? fail(said.items) : verdict::dropped;
      case message_kind::returned:
        return take_back(record, said) ? verdict::accepted : verdict::dropped;
      case message_kind::settled:
        if (!take_unsettled(record, said.items)) return verdict::dropped;
        n_finished_ += said.items.count;
        return verdict::accepted;
      case message_kind::unsettled:
        return take_unsettled(record, said.items) ? fail(said.items) : verdict::dropped;
      default:
        return verdict::accepted;
    }
  }

  /// `rank` is given up: what it held is handed out again, and what it still says does not count.
  void lost(rank_id rank) {
    rank_record& record = ranks_[to_index(rank)];
    if (!record.active) return;
    record.active = false;
    ++record.epoch;
    --n_active_;
    n_at_work_ -= record.chunks_out != 0 ? 1 : 0;
    record.chunks_out = 0;
    record.items_out = 0;
    any_lost_ = true;
    record.recent = {};
    chunks_.remove_all_of(rank, [&](const chunk_record& chunk) { requeue(chunk.left); });
    for (const item_range items : record.unsettled) {
      n_unsettled_ -= items.count;
      requeue(items);
    }
    record.unsettled.clear();
    wake_all();
  }

  /// Gives up the ranks whose lease has run out, and returns them.
  std::vector<rank_id> tick(duration now) {
    std::vector<rank_id> given_up;
    if (options_.lease.count() == 0) return given_up;
    for (std::size_t row = 0; row < ranks_.size(); ++row) {
      const rank_record& record = ranks_[row];
      const bool holds = record.chunks_out != 0 || !record.unsettled.empty();
      if (record.active && holds && now - record.last_heard > options_.lease)
        given_up.push_back(to_rank(row));
    }
    for (const rank_id rank : given_up) lost(rank);
    return given_up;
  }

  /// Ends the call early: nothing more is handed out.
  void cancel() { cancelled_ = true; }

  bool cancelled() const { return cancelled_; }

  /// Every item has counted, or the call was cancelled and all that was out has come back.
  bool done() const {
    return n_finished_ == options_.n_items ||
           (cancelled_ && chunks_.size() == 0 && n_unsettled_ == 0);
  }

  /// Time spent in tasks so far, on all ranks.
  duration busy() const { return busy_; }

  std::uint64_t n_finished() const { return n_finished_; }

  std::uint64_t n_failed() const { return n_failed_; }

  std::uint64_t n_remaining() const { return remaining_; }

  std::uint32_t n_active() const { return n_active_; }

  std::uint32_t n_at_work() const { return n_at_work_; }

  const rank_record& record(rank_id rank) const { return ranks_[to_index(rank)]; }

  const coordinator_options& options() const { return options_; }

 private:
  /// Chunks in flight to one rank at most; more would only lengthen the tail.
  static constexpr std::uint32_t chunks_out_at_most = 64;

  void enqueue(rank_id rank) {
    rank_record& record = ranks_[to_index(rank)];
    if (record.queued) return;
    record.queued = true;
    ready_.push_back(rank);
  }

  void wake_all() {
    for (std::size_t row = 0; row < ranks_.size(); ++row) {
      if (ranks_[row].active) enqueue(to_rank(row));
    }
  }

  /// The shortest chunk that pays: long enough to hide a round trip, and for the root to serve all
  /// ranks in a quarter of it (two messages a chunk).
  double chunk_seconds_min() const {
    const double serve_all =
        8.0 * std::chrono::duration<double>(options_.message_cost).count() * n_active_;
    return std::max(50e-6, serve_all);
  }

  /// Seconds that an item takes the rank of `record`; 0 where nothing was measured yet. A few items
  /// at the mean of all ranks are mixed in: the first task of a rank may have been a short one by
  /// chance.
  double item_seconds(const rank_record& record) const {
    constexpr double mixed_in = 4;
    if (recent_.items == 0) return 0;
    const double mean = recent_.seconds / recent_.items;
    return (record.recent.seconds + mixed_in * mean) / (record.recent.items + mixed_in);
  }

  /// Items a second of all active ranks together; 0 where nothing was measured yet.
  double speed_of_all() const {
    return recent_.items == 0 ? 0 : recent_.items / recent_.seconds * n_active_;
  }

  /// How long an answer of the root may take: a round trip, and where it works, as long as its own
  /// tasks keep it from its messages; its stand-in comes after some milliseconds.
  double answer_seconds() const {
    if (options_.first_worker != 0) return chunk_seconds_min();
    constexpr double stand_in_comes = 1.5e-3;
    constexpr double tasks_in_a_row = 3;  // their lengths vary
    const double kept = std::min(item_seconds(ranks_.front()), stand_in_comes);
    return std::max(chunk_seconds_min(), tasks_in_a_row * kept);
  }

  /// A rank holds its current chunk and the next, more where chunks are shorter than the root's
  /// answer takes; but what another rank could start sooner is not held back for it (towards the
  /// end ranks wait rather than hoard), and what is in flight stays in proportion to what the rank
  /// has shown that it can do.
  bool wants_more(const rank_record& record) const {
    if (record.chunks_out == 0) return true;
    if (record.chunks_out >= chunks_out_at_most) return false;
    const double seconds = item_seconds(record);
    if (seconds <= 0) return record.chunks_out < 2 && record.items_out * n_active_ <= remaining_;
    const double starts_in = static_cast<double>(record.items_out) * seconds;
    const bool shown = record.items_out < schedule::growth * record.items_done;
    if (record.chunks_out >= 2 && (!shown || starts_in >= answer_seconds())) return false;
    return starts_in < static_cast<double>(remaining_) / speed_of_all();
  }

  std::uint64_t chunk_size(rank_id rank, const rank_record& record) const {
    const double seconds = item_seconds(record);
    schedule_view view;
    view.n_items = options_.n_items;
    view.remaining = remaining_;
    view.n_ranks = options_.n_ranks - options_.first_worker;
    view.row = static_cast<std::uint32_t>(to_index(rank)) - options_.first_worker;
    view.rank_granted = record.items_granted;
    view.rank_done = record.items_done;
    view.item_seconds = seconds;
    view.share = seconds > 0 ? std::min(1.0, 1 / (seconds * speed_of_all())) : 1.0 / n_active_;
    view.chunk_seconds_min = chunk_seconds_min();
    view.chunk = options_.chunk;
    const std::uint64_t size = schedule::next_chunk(options_.schedule, view);
    // What comes back from a lost rank or a failed task is anybody's, also where the schedule gives
    // each rank just one share.
    return size == 0 && (any_lost_ || !requeued_.empty()) ? schedule::guided(view) : size;
  }

  item_range take(std::uint64_t count) {
    item_range& source = requeued_.empty() ? fresh_ : requeued_.front();
    const item_range taken{source.first, std::min(count, source.count)};
    source.first += taken.count;
    source.count -= taken.count;
    remaining_ -= taken.count;
    if (!requeued_.empty() && requeued_.front().count == 0) requeued_.pop_front();
    return taken;
  }

  /// The one item of `rank`, where it is not out already.
  item_range take_own(rank_id rank, rank_record& record) {
    if (record.items_granted != 0) return {};
    --remaining_;
    return {to_index(rank) - options_.first_worker, 1};
  }

  void requeue(item_range items) {
    remaining_ += items.count;
    if (options_.place == placement::anywhere) {
      requeued_.push_back(items);
    } else {
      ranks_[items.first + options_.first_worker].items_granted = 0;
    }
  }

  /// Books `said.items` off the chunk that they belong to; false where that is no longer the
  /// rank's.
  bool take_back(rank_record& record, const message& said) {
    chunk_record* const chunk = chunks_.find(said.chunk);
    if (chunk == nullptr || chunk->epoch != record.epoch ||
        &ranks_[to_index(chunk->rank)] != &record || chunk->left.first != said.items.first ||
        chunk->left.count < said.items.count) {
      return false;
    }
    chunk->left.first += said.items.count;
    chunk->left.count -= said.items.count;
    record.items_out -= said.items.count;
    if (chunk->left.count == 0) {
      chunks_.remove(said.chunk);
      if (--record.chunks_out == 0) --n_at_work_;
    }
    return true;
  }

  verdict finish(rank_record& record, const message& said, duration now) {
    if (!take_back(record, said)) return verdict::dropped;
    record.measure(said.items.count, said.elapsed, now);
    busy_ += said.elapsed;
    recent_.add(said.items.count, said.elapsed, 2.0 * n_active_);
    if (cancelled_) return verdict::dropped;
    if (said.flag) {
      record.unsettled.push_back(said.items);
      n_unsettled_ += said.items.count;
    } else {
      n_finished_ += said.items.count;
    }
    return verdict::accepted;
  }

  bool take_unsettled(rank_record& record, item_range items) {
    const auto holds = [&](const item_range& range) {
      return range.first <= items.first && items.end() <= range.end();
    };
    const auto range = std::find_if(record.unsettled.begin(), record.unsettled.end(), holds);
    if (range == record.unsettled.end()) return false;
    const item_range before{range->first, items.first - range->first};
    const item_range after{items.end(), range->end() - items.end()};
    record.unsettled.erase(range);
    if (before.count != 0) record.unsettled.push_back(before);
    if (after.count != 0) record.unsettled.push_back(after);
    n_unsettled_ -= items.count;
    return true;
  }

  /// The task of the one item in `items` threw.
  verdict fail(item_range items) {
    if (cancelled_) return verdict::dropped;
    if (options_.retries > 0 && attempts_[items.first]++ < options_.retries) {
      requeue(items);
      wake_all();
      return verdict::retried;
    }
    ++n_failed_;
    ++n_finished_;
    if (options_.stop_on_failure) cancelled_ = true;
    return verdict::accepted;
  }

  coordinator_options options_;
  std::vector<rank_record> ranks_;
  std::deque<rank_id> ready_;  // ranks that may want work, each once
  chunk_table chunks_;
  item_range fresh_;  // never handed out
  std::deque<item_range> requeued_;
  std::unordered_map<std::uint64_t, std::uint32_t> attempts_;
  std::uint64_t remaining_ = 0;  // fresh and requeued items
  std::uint64_t n_finished_ = 0;
  std::uint64_t n_failed_ = 0;
  std::uint64_t n_unsettled_ = 0;
  std::uint32_t n_active_ = 0;
  std::uint32_t n_at_work_ = 0;
  recent_work recent_;  // of all ranks
  duration busy_{};
  bool any_lost_ = false;
  bool cancelled_ = false;
};

}  // namespace rankwise::core
