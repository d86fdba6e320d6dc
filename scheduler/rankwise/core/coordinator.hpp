// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/blame.hpp>
#include <rankwise/core/call_ranks.hpp>
#include <rankwise/core/chunk_table.hpp>
#include <rankwise/core/coordinator_options.hpp>
#include <rankwise/core/decisions.hpp>
#include <rankwise/core/homed_items.hpp>
#include <rankwise/core/item_set.hpp>
#include <rankwise/core/message.hpp>
#include <rankwise/core/own_items.hpp>
#include <rankwise/core/pacing.hpp>
#include <rankwise/core/rank_record.hpp>
#include <rankwise/core/types.hpp>
#include <rankwise/core/unsettled_results.hpp>
#include <rankwise/core/work_left.hpp>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

namespace rankwise::core {

/// Decides which rank runs which items of one call, until each item has counted exactly once.
///
/// Local: a state machine; events go in (`joined`, `on_report`, `lost`, `tick`), grants come out
/// (`next_grant`). Time is told by the caller, and never runs backwards. Cost:  an event or a grant
/// takes constant time; `lost`, `tick` and speculation take linear time in the chunks or ranks.
class coordinator {
 public:
  /// The items that are `held` are done already; they must not be where `one_each` is asked for.
  explicit coordinator(const coordinator_options& options, const item_set& held = {})
      : options_(options),
        pace_(options, held.count()),
        ranks_(options),
        work_(options.place == placement::anywhere ? options.n_items : 0, held),
        own_(options.place == placement::one_each ? options.n_items : 0, options.first_worker),
        homed_(options.homes, options.n_ranks),
        blame_(options.losses_at_most),
        unsettled_(options.n_ranks),
        n_held_(held.count()),
        n_finished_(n_held_) {}

  /// `count` of the items that are held have failed.
  void hold_failed(std::uint64_t count) {
    n_failed_ += count;
    if (count != 0 && options_.stop_on_failure) cancelled_ = true;
  }

  /// `rank` can be given work from now on.
  void joined(rank_id rank, duration now, incarnation_number incarnation = 0) {
    if (to_index(rank) < options_.first_worker) return;
    ranks_[rank].incarnation = std::max(ranks_[rank].incarnation, incarnation);
    ranks_.activate(rank, now);
  }

  /// `rank` was lost before this call, and begins `incarnation` if it comes back.
  void absent(rank_id rank, incarnation_number incarnation, bool for_good) {
    rank_record& record = ranks_[rank];
    record.incarnation = incarnation;
    record.gone = for_good;
    any_lost_ = true;
  }

  /// Adds the next items to an open call.
  void add_items(std::uint64_t count) {
    work_.add({options_.n_items, count});
    options_.n_items += count;
    has_grown_ = true;
  }

  /// Adds the next item to an open call, to be handed out once it is admitted.
  void add_withheld_item() { ++options_.n_items; }

  /// An item that was withheld can be handed out.
  void admit(std::uint64_t index) {
    work_.add({index, 1});
    has_grown_ = true;
  }

  /// An item that was withheld ends without that.
  void drop_withheld_item() { ++n_finished_; }

  /// No more are added.
  void close() { options_.is_open = false; }

  /// An item is not wanted. Returns whether it was never handed out: it counts as done then.
  bool withdraw(std::uint64_t index) {
    const bool is_left = work_.withdraw(index);
    n_finished_ += is_left ? 1 : 0;
    return is_left;
  }

  /// Whether ranks work on other calls as well: then chunks are short.
  void share_ranks(bool is_shared) { is_shared_ = is_shared; }

  /// The root can be given work, or is away from it. What it holds is its own.
  void set_root_away(bool is_away) { ranks_.set_root_away(is_away); }

  /// `rank` has begun `incarnation`, in another call: what it held counts no more.
  void begin_incarnation(rank_id rank, incarnation_number incarnation, duration now) {
    rank_record& record = ranks_[rank];
    if (record.incarnation >= incarnation) return;
    if (record.active) give_up(rank, now);
    record.incarnation = incarnation;
  }

  /// The root works from now on, also where it was not to: nobody else is left.
  void enlist_root(duration now) { ranks_.activate(root_rank, now); }

  /// The next chunk to hand out, or none for now: to be asked until then, after each event.
  std::optional<grant> next_grant(duration now) {
    if (std::exchange(has_grown_, false)) ranks_.wake_all();
    if (cancelled_) return std::nullopt;
    while (const std::optional<rank_id> ready = ranks_.take_ready()) {
      const rank_id rank = *ready;
      rank_record& record = ranks_[rank];
      if (n_remaining() == 0) {
        if (std::optional<grant> twin = speculate(rank, record, now)) return twin;
        continue;
      }
      const pacing::situation now_left = situation();
      if (!pace_.wants_more(record, now_left)) continue;
      const unassigned_items work = next_work(rank, record, now_left);
      if (work.items.count == 0) continue;
      if (is_counted(work.items)) {  // a twin was faster
        put_back(work);
        ranks_.enqueue(rank);
        continue;
      }
      if (!work.again) record.items_granted += work.items.count;  // of its share
      ranks_.enqueue(rank);
      return give(rank, work, now);
    }
    return std::nullopt;
  }

  /// `rank` has said something that is none of this call.
  void hear(rank_id rank, duration now) { ranks_.hear(rank, now); }

  /// What `rank`, in its `incarnation`, reports.
  verdict on_report(rank_id rank,
                    incarnation_number incarnation,
                    const any_report& given,
                    duration now) {
    const rank_record& record = ranks_[rank];
    ranks_.hear(rank, now);
    if (!record.active || record.incarnation != incarnation) {
      // A rank that had been given up: its next grant begins a new incarnation, once it is free.
      if (!record.gone && !may_be_stuck(given)) joined(rank, now);
      return verdict::dropped;
    }
    ranks_.enqueue(rank);
    return std::visit([&](const auto& body) { return take(rank, body, now); }, given);
  }

  /// `rank` is given up: what it held is handed out again, and what it still says does not count.
  /// It joins again once it speaks, unless it is lost `for_good`.
  loss lost(rank_id rank, duration now, bool for_good = false, bool makes_suspects = true) {
    ranks_[rank].gone |= for_good;
    ranks_.ignore_silence(rank);
    return lose(rank, now, makes_suspects);
  }

  /// Gives up the ranks whose lease has run out, and returns them. Where several fell silent
  /// together, what they ran is not to blame.
  std::vector<loss> tick(duration now) {
    std::vector<loss> given_up;
    for (const rank_id rank : ranks_.silent(now))
      given_up.push_back(lose(rank, now, !ranks_.is_silence_shared()));
    return given_up;
  }

  /// The items that were given up since this was last asked; each counts as failed.
  std::vector<given_up_item> take_given_up() { return blame_.take_given_up(); }

  /// Items that have not ended.
  std::uint64_t n_pending() const { return options_.n_items - n_finished_; }

  /// Ends the call early: nothing more is handed out.
  void cancel() { cancelled_ = true; }

  bool cancelled() const { return cancelled_; }

  /// Every item has counted, or the call was cancelled and all that was out has come back.
  bool done() const {
    return (n_finished_ == options_.n_items && !options_.is_open) ||
           (cancelled_ && chunks_.size() == 0 && unsettled_.count() == 0);
  }

  /// Time spent in tasks so far, on all ranks.
  duration busy() const { return busy_; }

  std::uint64_t n_finished() const { return n_finished_; }

  /// Items that were done before the call began.
  std::uint64_t n_held() const { return n_held_; }

  std::uint64_t n_failed() const { return n_failed_; }

  /// Items that nobody holds.
  std::uint64_t n_remaining() const { return work_.count() + own_.count() + homed_.count(); }

  std::uint32_t n_active() const { return ranks_.n_active(); }

  std::uint32_t n_at_work() const { return ranks_.n_at_work(); }

  /// Ranks without work that may be given some.
  std::uint32_t n_idle() const {
    return ranks_.n_at_once() - std::min(ranks_.n_at_once(), ranks_.n_at_work());
  }

  const rank_record& record(rank_id rank) const { return ranks_[rank]; }

  const coordinator_options& options() const { return options_; }

 private:
  pacing::situation situation() const {
    return {ranks_.n_at_once(),
            n_remaining(),
            &ranks_[root_rank],
            any_lost_ || n_held_ != 0 || work_.any_returned(),
            is_shared_};
  }

  /// What `rank` is to be given; no items: none of what is left.
  unassigned_items next_work(rank_id rank,
                             const rank_record& record,
                             const pacing::situation& now_left) {
    if (options_.place == placement::one_each) return own_.take(rank, any_lost_);
    if (const item_range own = homed_.take(rank); own.count != 0) return {own};
    const std::uint64_t count = pace_.chunk_size(rank, record, now_left);
    const unassigned_items work = work_.take(count, ranks_.may_run_suspects(rank));
    if (work.items.count != 0 || homed_.count() == 0) return work;
    return {homed_.take_homeless(std::max<std::uint64_t>(1, count),
                                 [this](rank_id home) { return ranks_[home].active; })};
  }

  grant give(rank_id rank, const unassigned_items& work, duration now) {
    const incarnation_number incarnation = ranks_[rank].incarnation;
    ranks_.give(rank, work.items.count, now);
    return {rank,
            incarnation,
            chunks_.add(rank, incarnation, work),
            work.items,
            work.again || options_.again};
  }

  /// The oldest items that are out, for a rank without work. Suspects might cost it too.
  std::optional<grant> speculate(rank_id rank, const rank_record& record, duration now) {
    if (!options_.speculate || record.chunks_out != 0 || options_.place != placement::anywhere)
      return std::nullopt;
    chunk_record* const slow = chunks_.oldest([&](const chunk_record& chunk) {
      return chunk.rank != rank && !chunk.has_twin && chunk.losses == 0;
    });
    if (slow == nullptr) return std::nullopt;
    contested_ = true;
    slow->has_twin = true;
    const grant twin = give(rank, {slow->left, 0, slow->rank, true}, now);
    chunks_.find(twin.chunk)->has_twin = true;
    return twin;
  }

  /// Items come back to be handed out, but for those that have counted meanwhile. Returns how many.
  std::uint64_t put_back(const unassigned_items& back) {
    if (options_.place == placement::one_each) {
      if (is_counted(back.items)) return 0;
      own_.put_back(back.items);
      return back.items.count;
    }
    std::uint64_t n_items = 0;
    counted_.visit_missing(back.items, [&](item_range items) {
      work_.put_back({items, back.losses, back.last});
      n_items += items.count;
    });
    return n_items;
  }

  bool is_counted(item_range items) const { return contested_ && counted_.overlaps(items); }

  /// Takes all that `rank` holds away from it; the items of chunk `running` become suspects.
  /// Returns how many are handed out again.
  std::uint64_t release(rank_id rank, std::uint64_t running, bool keeps_place = false) {
    ranks_.deactivate(rank, keeps_place);
    any_lost_ = true;
    std::uint64_t n_items = 0;
    chunks_.remove_all_of(rank, [&](const chunk_record& chunk) {
      n_items += put_back({chunk.left, chunk.losses + (chunk.id == running ? 1 : 0), rank});
    });
    for (const item_range& items : unsettled_.take_all(rank)) {
      counted_.remove(items);
      n_items += put_back({items, 0});
    }
    return n_items;
  }

  /// `rank` is given up; the items of the chunk that it was running become suspects, or none.
  loss lose(rank_id rank, duration now, bool makes_suspects) {
    ranks_.leave_place(rank);
    if (!ranks_[rank].active) return {rank, 0};
    const chunk_record* const first =
        chunks_.oldest([&](const chunk_record& chunk) { return chunk.rank == rank; });
    if (first != nullptr) blame_.on_lost_at_work();
    const std::uint64_t n_items =
        release(rank, first == nullptr || !makes_suspects ? 0 : first->id);
    const std::uint64_t n_given_up = blame_.n_given_up();
    settle_suspects(now);
    return {rank, n_items - std::min(n_items, blame_.n_given_up() - n_given_up)};
  }

  /// The rank is in a task that takes too long, and nobody waits for that. If the task is one of
  /// this call it keeps its place.
  void give_up(rank_id rank, duration now) {
    release(rank, 0, true);
    settle_suspects(now);
  }

  /// Gives up what has cost too many ranks, and has the root work where no other rank is left.
  void settle_suspects(duration now) {
    if (ranks_.n_active() == 0) ranks_.activate(root_rank, now);
    const auto is_hopeless = [&](const unassigned_items& suspect) {
      return blame_.is_hopeless(suspect, ranks_.is_root_alone());
    };
    for (const unassigned_items& suspect : work_.take_suspects(is_hopeless)) give_up(suspect);
    ranks_.wake_all();
  }

  void give_up(const unassigned_items& suspect) {
    std::vector<item_range> uncounted;
    counted_.visit_missing(suspect.items, [&](item_range items) { uncounted.push_back(items); });
    for (const item_range items : uncounted) {
      for (std::uint64_t index = items.first; index != items.end(); ++index) {
        blame_.give_up(index, suspect);
        fail_for_good({index, 1});
      }
    }
  }

  verdict take(rank_id rank, const reports::done& done, duration now) {
    rank_record& record = ranks_[rank];
    if (!take_back(rank, done.chunk, done.items)) return verdict::dropped;
    record.measure(done.items.count, done.elapsed, now);
    busy_ += done.elapsed;
    pace_.add(done.items.count, done.elapsed, ranks_.n_at_once());
    if (cancelled_) return verdict::dropped;
    if (is_counted(done.items)) {  // a twin was faster, maybe with a part of them only
      if (put_back({done.items, 0}) != 0) ranks_.wake_all();
      return verdict::dropped;
    }
    if (contested_) counted_.add(done.items);
    if (done.to_be_settled) {
      unsettled_.add(rank, done.items);
    } else {
      n_finished_ += done.items.count;
      forget_attempts(done.items);
    }
    return verdict::accepted;
  }

  verdict take(rank_id rank, const reports::failed& failed, duration /*now*/) {
    const item_range item{failed.item, 1};
    if (!take_back(rank, failed.chunk, item)) return verdict::dropped;
    return is_counted(item) ? verdict::dropped : fail(item);
  }

  verdict take(rank_id rank, const reports::returned& returned, duration /*now*/) {
    const unassigned_items back = chunks_.back(returned.chunk, returned.items);
    if (!take_back(rank, returned.chunk, returned.items)) return verdict::dropped;
    // The root was wanted elsewhere, or the call is over.
    if (!cancelled_ && put_back(back) != 0) ranks_.wake_all();
    return verdict::accepted;
  }

  verdict take(rank_id rank, const reports::settled& settled, duration /*now*/) {
    if (!unsettled_.take(rank, settled.item)) return verdict::dropped;
    ++n_finished_;
    forget_attempts({settled.item, 1});
    return verdict::accepted;
  }

  verdict take(rank_id rank, const reports::unsettled& unsettled, duration /*now*/) {
    if (!unsettled_.take(rank, unsettled.item)) return verdict::dropped;
    const item_range item{unsettled.item, 1};
    counted_.remove(item);
    return fail(item);
  }

  /// The rank is of no use until the task that takes too long returns: that has failed, and the
  /// rest of what the rank holds is handed out again.
  verdict take(rank_id rank, const reports::overran& overran, duration now) {
    const item_range item{overran.item, 1};
    if (!chunks_.holds(overran.chunk, rank, item)) return verdict::dropped;
    if (is_counted(item)) {  // a twin was faster
      give_up(rank, now);
      return verdict::dropped;
    }
    contested_ = true;
    counted_.add(item);
    release(rank, 0, true);
    counted_.remove(item);
    const verdict result = fail(item);
    settle_suspects(now);
    return result;
  }

  verdict take(rank_id rank, const reports::heartbeat& heartbeat, duration now) {
    if (heartbeat.is_stuck) give_up(rank, now);
    return verdict::accepted;
  }

  /// An item that was cut off is the last one from now on.
  verdict take(rank_id rank, const reports::split_off& split, duration /*now*/) {
    if (cancelled_ || !chunks_.holds(split.chunk, rank, {split.item, 1})) return verdict::dropped;
    if (split.is_cut) add_items(1);
    return verdict::accepted;
  }

  static verdict take(rank_id, const reports::departed&, duration) { return verdict::accepted; }

  /// Books `items` off the chunk that they belong to; false if that is no longer the rank's.
  bool take_back(rank_id rank, std::uint64_t chunk, item_range items) {
    const std::optional<chunk_end> end =
        chunks_.take_back(chunk, rank, ranks_[rank].incarnation, items);
    if (end) ranks_.take_back(rank, items.count, *end == chunk_end::reached);
    return end.has_value();
  }

  /// The task of the one item in `items` threw.
  verdict fail(item_range items) {
    if (cancelled_) return verdict::dropped;
    if (options_.retries > 0 && attempts_[items.first]++ < options_.retries) {
      put_back({items, 0});
      ranks_.wake_all();
      return verdict::retried;
    }
    fail_for_good(items);
    return verdict::accepted;
  }

  /// The items have ended: a call that goes on for ever has no memory for all of them.
  void forget_attempts(item_range items) {
    std::erase_if(attempts_, [&](const auto& one) {
      return one.first >= items.first && one.first < items.end();
    });
  }

  void fail_for_good(item_range items) {
    forget_attempts(items);
    if (contested_) counted_.add(items);
    ++n_failed_;
    ++n_finished_;
    if (options_.stop_on_failure) cancelled_ = true;
  }

  coordinator_options options_;
  pacing pace_;
  call_ranks ranks_;
  chunk_table chunks_;
  work_left work_;
  own_items own_;
  homed_items homed_;
  item_set counted_;  // since items were contested first
  blame blame_;
  unsettled_results unsettled_;
  std::unordered_map<std::uint64_t, std::uint32_t> attempts_;
  std::uint64_t n_held_;
  std::uint64_t n_finished_;
  std::uint64_t n_failed_ = 0;
  duration busy_{};
  bool any_lost_ = false;
  bool contested_ = false;  // some item is or was out twice
  bool cancelled_ = false;
  bool is_shared_ = false;
  bool has_grown_ = false;
};

}  // namespace rankwise::core
