// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/chunk_table.hpp>
#include <rankwise/core/coordinator_options.hpp>
#include <rankwise/core/decisions.hpp>
#include <rankwise/core/item_set.hpp>
#include <rankwise/core/message.hpp>
#include <rankwise/core/pacing.hpp>
#include <rankwise/core/rank_record.hpp>
#include <rankwise/core/silence.hpp>
#include <rankwise/core/types.hpp>
#include <rankwise/core/work_left.hpp>

#include <algorithm>
#include <cstdint>
#include <deque>
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
        pace_(without(options, held)),
        ranks_(options.n_ranks),
        silence_(options.n_ranks, options.lease),
        work_(options.place == placement::anywhere ? options.n_items : 0, held),
        own_left_(options.place == placement::anywhere ? 0 : options.n_items),
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
    ranks_[to_index(rank)].incarnation = std::max(ranks_[to_index(rank)].incarnation, incarnation);
    activate(rank, now);
  }

  /// `rank` was lost before this call, and begins `incarnation` if it comes back.
  void absent(rank_id rank, incarnation_number incarnation, bool for_good) {
    rank_record& record = ranks_[to_index(rank)];
    record.incarnation = incarnation;
    record.gone = for_good;
    any_lost_ = true;
  }

  /// Adds the next item to an open call.
  void add_item() {
    work_.add({options_.n_items++, 1});
    has_grown_ = true;
  }

  /// An item is not wanted. Returns whether it was never handed out: it counts as done then.
  bool withdraw(std::uint64_t index) {
    const bool is_left = work_.withdraw(index);
    n_finished_ += is_left ? 1 : 0;
    return is_left;
  }

  /// Whether ranks work on other calls as well: then chunks are short.
  void share_ranks(bool is_shared) { is_shared_ = is_shared; }

  /// The root can be given work, or is away from it. What it holds is its own.
  void set_root_away(bool is_away) {
    is_root_away_ = is_away;
    if (!is_away && ranks_.front().active) enqueue(root_rank);
  }

  /// `rank` has begun `incarnation`, in another call: what it held counts no more.
  void begin_incarnation(rank_id rank, incarnation_number incarnation, duration now) {
    rank_record& record = ranks_[to_index(rank)];
    if (record.incarnation >= incarnation) return;
    if (record.active) give_up(rank, now);
    record.incarnation = incarnation;
  }

  /// The root works from now on, also where it was not to: nobody else is left.
  void enlist_root(duration now) { activate(root_rank, now); }

  /// The next chunk to hand out, or none for now: to be asked until then, after each event.
  std::optional<grant> next_grant(duration now) {
    if (std::exchange(has_grown_, false)) wake_all();
    while (!ready_.empty()) {
      const rank_id rank = ready_.front();
      ready_.pop_front();
      rank_record& record = ranks_[to_index(rank)];
      record.queued = false;
      if (cancelled_ || !record.active || (rank == root_rank && is_root_away_)) continue;
      if (n_remaining() == 0) {
        if (std::optional<grant> twin = speculate(rank, record, now)) return twin;
        continue;
      }
      const pacing::situation now_left = situation();
      if (!pace_.wants_more(record, now_left)) continue;
      const unassigned_items work =
          options_.place == placement::one_each
              ? take_own(rank, record)
              : work_.take(pace_.chunk_size(rank, record, now_left), may_run_suspects(rank));
      if (work.items.count == 0) continue;
      if (is_counted(work.items)) {  // a twin was faster
        put_back(work);
        enqueue(rank);
        continue;
      }
      if (!work.again || options_.place == placement::one_each)  // it is of its share
        record.items_granted += work.items.count;
      enqueue(rank);
      return give(rank, record, work, now);
    }
    return std::nullopt;
  }

  /// What `rank`, in its `incarnation`, reports.
  verdict on_report(rank_id rank,
                    incarnation_number incarnation,
                    const any_report& given,
                    duration now) {
    rank_record& record = ranks_[to_index(rank)];
    silence_.end(rank, now);
    if (!record.active || record.incarnation != incarnation) {
      // A rank that had been given up: its next grant begins a new incarnation, once it is free.
      if (!record.gone && !is_stuck(given)) joined(rank, now);
      return verdict::dropped;
    }
    enqueue(rank);
    return std::visit([&](const auto& body) { return take(rank, body, now); }, given);
  }

  /// `rank` is given up: what it held is handed out again, and what it still says does not count.
  /// It joins again once it speaks, unless it is lost `for_good`.
  loss lost(rank_id rank, duration now, bool for_good = false, bool makes_suspects = true) {
    ranks_[to_index(rank)].gone |= for_good;
    silence_.ignore(rank);
    return lose(rank, now, makes_suspects);
  }

  /// Gives up the ranks whose lease has run out, and returns them. Where several fell silent
  /// together, what they ran is not to blame.
  std::vector<loss> tick(duration now) {
    std::vector<loss> given_up;
    const auto is_active = [this](rank_id rank) { return ranks_[to_index(rank)].active; };
    for (const rank_id rank : silence_.longer_than_lease(now, is_active))
      given_up.push_back(lose(rank, now, !silence_.is_shared()));
    return given_up;
  }

  /// The items that were given up since this was last asked; each counts as failed.
  std::vector<given_up_item> take_given_up() { return std::exchange(given_up_, {}); }

  /// Items that have not ended.
  std::uint64_t n_pending() const { return options_.n_items - n_finished_; }

  /// Ends the call early: nothing more is handed out.
  void cancel() { cancelled_ = true; }

  bool cancelled() const { return cancelled_; }

  /// Every item has counted, or the call was cancelled and all that was out has come back.
  bool done() const {
    return (n_finished_ == options_.n_items && !options_.is_open) ||
           (cancelled_ && chunks_.size() == 0 && n_unsettled_ == 0);
  }

  /// Time spent in tasks so far, on all ranks.
  duration busy() const { return busy_; }

  std::uint64_t n_finished() const { return n_finished_; }

  /// Items that were done before the call began.
  std::uint64_t n_held() const { return n_held_; }

  std::uint64_t n_failed() const { return n_failed_; }

  /// Items that nobody holds.
  std::uint64_t n_remaining() const { return work_.count() + own_left_; }

  std::uint32_t n_active() const { return n_active_; }

  std::uint32_t n_at_work() const { return n_at_work_; }

  const rank_record& record(rank_id rank) const { return ranks_[to_index(rank)]; }

  const coordinator_options& options() const { return options_; }

 private:
  /// What is held is nobody's share.
  static coordinator_options without(coordinator_options options, const item_set& held) {
    options.n_items -= held.count();
    return options;
  }

  void enqueue(rank_id rank) {
    if (!std::exchange(ranks_[to_index(rank)].queued, true)) ready_.push_back(rank);
  }

  void activate(rank_id rank, duration now) {
    rank_record& record = ranks_[to_index(rank)];
    if (record.active) return;
    record.active = true;
    silence_.end(rank, now);
    ++n_active_;
    enqueue(rank);
  }

  void wake_all() {
    for (std::size_t row = 0; row < ranks_.size(); ++row) {
      if (ranks_[row].active) enqueue(to_rank(row));
    }
  }

  pacing::situation situation() const {
    return {n_active_,
            n_remaining(),
            &ranks_.front(),
            any_lost_ || n_held_ != 0 || work_.any_returned(),
            is_shared_};
  }

  /// The root would take the job along.
  bool may_run_suspects(rank_id rank) const { return rank != root_rank || n_active_ == 1; }

  /// The one item of `rank`, where it is not out already.
  unassigned_items take_own(rank_id rank, const rank_record& record) {
    if (record.items_granted != 0 || to_index(rank) < options_.first_worker) return {};
    --own_left_;
    return {{to_index(rank) - options_.first_worker, 1}, 0, root_rank, any_lost_};
  }

  grant give(rank_id rank, rank_record& record, const unassigned_items& work, duration now) {
    if (record.chunks_out == 0) {
      silence_.end(rank, now);
      ++n_at_work_;
    }
    ++record.chunks_out;
    record.items_out += work.items.count;
    return {rank,
            record.incarnation,
            chunks_.add(rank, record.incarnation, work),
            work.items,
            work.again || options_.again};
  }

  /// The oldest items that are out, for a rank without work. Suspects might cost it too.
  std::optional<grant> speculate(rank_id rank, rank_record& record, duration now) {
    if (!options_.speculate || record.chunks_out != 0 || options_.place != placement::anywhere)
      return std::nullopt;
    chunk_record* const slow = chunks_.oldest([&](const chunk_record& chunk) {
      return chunk.rank != rank && !chunk.has_twin && chunk.losses == 0;
    });
    if (slow == nullptr) return std::nullopt;
    contested_ = true;
    slow->has_twin = true;
    const grant twin = give(rank, record, {slow->left, 0, slow->rank, true}, now);
    chunks_.find(twin.chunk)->has_twin = true;
    return twin;
  }

  /// Items come back to be handed out, but for those that have counted meanwhile. Returns how many.
  std::uint64_t put_back(const unassigned_items& back) {
    if (options_.place == placement::one_each) {
      if (is_counted(back.items)) return 0;
      own_left_ += back.items.count;
      ranks_[back.items.first + options_.first_worker].items_granted = 0;
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
  std::uint64_t release(rank_id rank, std::uint64_t running) {
    rank_record& record = ranks_[to_index(rank)];
    record.active = false;
    ++record.incarnation;
    --n_active_;
    n_at_work_ -= record.chunks_out != 0 ? 1 : 0;
    record.chunks_out = 0;
    record.items_out = 0;
    any_lost_ = true;
    record.recent = {};
    std::uint64_t n_items = 0;
    chunks_.remove_all_of(rank, [&](const chunk_record& chunk) {
      n_items += put_back({chunk.left, chunk.losses + (chunk.id == running ? 1 : 0), rank});
    });
    for (const item_range items : record.unsettled) {
      n_unsettled_ -= items.count;
      counted_.remove(items);
      n_items += put_back({items, 0});
    }
    record.unsettled.clear();
    return n_items;
  }

  /// `rank` is given up; the items of the chunk that it was running become suspects, or none.
  loss lose(rank_id rank, duration now, bool makes_suspects) {
    if (!ranks_[to_index(rank)].active) return {rank, 0};
    const chunk_record* const first =
        chunks_.oldest([&](const chunk_record& chunk) { return chunk.rank == rank; });
    n_lost_at_work_ += first == nullptr ? 0 : 1;
    const std::uint64_t n_items =
        release(rank, first == nullptr || !makes_suspects ? 0 : first->id);
    const std::size_t n_given_up = given_up_.size();
    settle_suspects(now);
    return {rank, n_items - std::min(n_items, given_up_.size() - n_given_up)};
  }

  /// The rank is in a task that takes too long, and nobody waits for that.
  void give_up(rank_id rank, duration now) {
    release(rank, 0);
    settle_suspects(now);
  }

  /// Gives up what has cost too many ranks, and has the root work where no other rank is left.
  void settle_suspects(duration now) {
    if (n_active_ == 0) activate(root_rank, now);
    const auto hopeless = [&](const unassigned_items& suspect) { return is_hopeless(suspect); };
    for (const unassigned_items& suspect : work_.take_suspects(hopeless)) give_up(suspect);
    wake_all();
  }

  /// Of several items the one to blame is not known yet. Alone, the root does not try what has cost
  /// two ranks, unless others were lost as well, without it.
  bool is_hopeless(const unassigned_items& suspect) const {
    if (options_.losses_at_most == 0) return false;
    if (suspect.losses >= options_.losses_at_most) return suspect.items.count == 1;
    const bool is_root_alone = n_active_ == 1 && ranks_.front().active;
    return is_root_alone && suspect.losses >= 2 && suspect.losses == n_lost_at_work_;
  }

  void give_up(const unassigned_items& suspect) {
    std::vector<item_range> uncounted;
    counted_.visit_missing(suspect.items, [&](item_range items) { uncounted.push_back(items); });
    for (const item_range items : uncounted) {
      for (std::uint64_t index = items.first; index != items.end(); ++index) {
        given_up_.push_back({index, suspect.losses, suspect.last});
        fail_for_good({index, 1});
      }
    }
  }

  verdict take(rank_id rank, const reports::done& done, duration now) {
    rank_record& record = ranks_[to_index(rank)];
    if (!take_back(record, done.chunk, done.items)) return verdict::dropped;
    record.measure(done.items.count, done.elapsed, now);
    busy_ += done.elapsed;
    pace_.add(done.items.count, done.elapsed, n_active_);
    if (cancelled_) return verdict::dropped;
    if (is_counted(done.items)) {  // a twin was faster, maybe with a part of them only
      if (put_back({done.items, 0}) != 0) wake_all();
      return verdict::dropped;
    }
    if (contested_) counted_.add(done.items);
    if (done.to_be_settled) {
      record.unsettled.push_back(done.items);
      n_unsettled_ += done.items.count;
    } else {
      n_finished_ += done.items.count;
    }
    return verdict::accepted;
  }

  verdict take(rank_id rank, const reports::failed& failed, duration /*now*/) {
    const item_range item{failed.item, 1};
    if (!take_back(ranks_[to_index(rank)], failed.chunk, item)) return verdict::dropped;
    return is_counted(item) ? verdict::dropped : fail(item);
  }

  verdict take(rank_id rank, const reports::returned& returned, duration /*now*/) {
    const unassigned_items back = chunks_.back(returned.chunk, returned.items);
    if (!take_back(ranks_[to_index(rank)], returned.chunk, returned.items)) return verdict::dropped;
    // The root was wanted elsewhere, or the call is over.
    if (!cancelled_ && put_back(back) != 0) wake_all();
    return verdict::accepted;
  }

  verdict take(rank_id rank, const reports::settled& settled, duration /*now*/) {
    if (!ranks_[to_index(rank)].take_unsettled({settled.item, 1})) return verdict::dropped;
    --n_unsettled_;
    ++n_finished_;
    return verdict::accepted;
  }

  verdict take(rank_id rank, const reports::unsettled& unsettled, duration /*now*/) {
    const item_range item{unsettled.item, 1};
    if (!ranks_[to_index(rank)].take_unsettled(item)) return verdict::dropped;
    --n_unsettled_;
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
    release(rank, 0);
    counted_.remove(item);
    const verdict result = fail(item);
    settle_suspects(now);
    return result;
  }

  verdict take(rank_id rank, const reports::heartbeat& heartbeat, duration now) {
    if (heartbeat.is_stuck) give_up(rank, now);
    return verdict::accepted;
  }

  static verdict take(rank_id, const reports::departed&, duration) { return verdict::accepted; }

  /// Books `items` off the chunk that they belong to; false if that is no longer the rank's.
  bool take_back(rank_record& record, std::uint64_t chunk_id, item_range items) {
    const auto rank = to_rank(static_cast<std::size_t>(&record - ranks_.data()));
    const std::optional<chunk_end> end =
        chunks_.take_back(chunk_id, rank, record.incarnation, items);
    if (!end) return false;
    record.items_out -= items.count;
    if (*end == chunk_end::reached && --record.chunks_out == 0) --n_at_work_;
    return true;
  }

  /// The task of the one item in `items` threw.
  verdict fail(item_range items) {
    if (cancelled_) return verdict::dropped;
    if (options_.retries > 0 && attempts_[items.first]++ < options_.retries) {
      put_back({items, 0});
      wake_all();
      return verdict::retried;
    }
    fail_for_good(items);
    return verdict::accepted;
  }

  void fail_for_good(item_range items) {
    if (contested_) counted_.add(items);
    ++n_failed_;
    ++n_finished_;
    if (options_.stop_on_failure) cancelled_ = true;
  }

  coordinator_options options_;
  pacing pace_;
  std::vector<rank_record> ranks_;
  silence silence_;
  std::deque<rank_id> ready_;  // ranks that may want work, each once
  chunk_table chunks_;
  work_left work_;
  std::uint64_t own_left_;  // items that nobody holds, where each belongs to a rank
  item_set counted_;        // since items were contested first
  std::vector<given_up_item> given_up_;
  std::unordered_map<std::uint64_t, std::uint32_t> attempts_;
  std::uint64_t n_held_;
  std::uint64_t n_finished_;
  std::uint64_t n_failed_ = 0;
  std::uint64_t n_unsettled_ = 0;
  std::uint32_t n_active_ = 0;
  std::uint32_t n_at_work_ = 0;
  std::uint32_t n_lost_at_work_ = 0;
  duration busy_{};
  bool any_lost_ = false;
  bool contested_ = false;  // some item is or was out twice
  bool cancelled_ = false;
  bool is_shared_ = false;
  bool has_grown_ = false;
  bool is_root_away_ = false;
};

}  // namespace rankwise::core
