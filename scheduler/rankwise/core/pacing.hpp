// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/coordinator_options.hpp>
#include <rankwise/core/rank_record.hpp>
#include <rankwise/core/schedule.hpp>
#include <rankwise/core/types.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace rankwise::core {

/// How much a rank is given at a time, and how far ahead: by the schedule, and by what has been
/// measured of tasks and ranks so far.
///
/// Local: pure but for what `add` notes.
class pacing {
 public:
  /// What it depends on beside the measurements.
  struct situation {
    std::uint32_t n_active = 0;     ///< ranks that can work at once
    std::uint64_t n_remaining = 0;  ///< items that nobody holds
    const rank_record* root = nullptr;
    bool is_anybodys = false;  ///< what is left may belong to a rank's share that is lost
    bool is_shared = false;    ///< ranks work on other calls as well
  };

  /// Items that were done before the call began, `n_held` of them, are nobody's share.
  explicit pacing(const coordinator_options& options, std::uint64_t n_held = 0)
      : options_(options),
        message_seconds_(std::chrono::duration<double>(options.message_cost).count()) {
    options_.n_items -= n_held;
    if (options_.is_open && options_.schedule != schedule_kind::self)
      options_.schedule = schedule_kind::adaptive;  // the others ask how many items there are
  }

  /// Notes that `n_active` ranks work, and that one of them took `elapsed` for `count` items.
  void add(std::uint64_t count, duration elapsed, std::uint32_t n_active) {
    recent_.add(count, elapsed, 2.0 * n_active);
    if (recent_.items > 0) mean_seconds_ = recent_.seconds / recent_.items;
  }

  /// A rank holds its current chunk and the next, more where chunks are shorter than the root's
  /// answer takes; but what another rank could start sooner is not held back for it (towards the
  /// end ranks wait rather than hoard), and what is in flight stays in proportion to what the rank
  /// has shown that it can do.
  bool wants_more(const rank_record& record, const situation& now) const {
    if (record.chunks_out == 0) return true;
    if (options_.splits) return false;
    if (record.chunks_out >= chunks_out_at_most) return false;
    const double seconds = item_seconds(record);
    if (seconds <= 0)
      return record.chunks_out < 2 && record.items_out * now.n_active <= now.n_remaining;
    const double starts_in = static_cast<double>(record.items_out) * seconds;
    const bool shown = record.items_out < schedule::growth * record.items_done;
    if (record.chunks_out >= 2 && (!shown || starts_in >= answer_seconds(now))) return false;
    return starts_in * now.n_active < static_cast<double>(now.n_remaining) * mean_seconds_;
  }

  /// Items for a rank that wants some; 0: none of those that are left.
  std::uint64_t chunk_size(rank_id rank, const rank_record& record, const situation& now) const {
    if (options_.splits) return std::min<std::uint64_t>(1, now.n_remaining);
    const double seconds = item_seconds(record);
    schedule_view view;
    view.n_items = options_.n_items;
    view.remaining = now.n_remaining;
    view.n_ranks = options_.n_ranks - options_.first_worker;
    const std::uint32_t row = static_cast<std::uint32_t>(to_index(rank));
    view.row = std::max(row, options_.first_worker) - options_.first_worker;
    view.rank_granted = record.items_granted;
    view.rank_done = record.items_done;
    view.item_seconds = seconds;
    view.share =
        seconds > 0 ? std::min(1.0, mean_seconds_ / (seconds * now.n_active)) : 1.0 / now.n_active;
    view.chunk_seconds_min = chunk_seconds_min(now);
    view.chunk = options_.chunk;
    std::uint64_t size = schedule::next_chunk(options_.schedule, view);
    // What comes back from a lost rank or a failed task is anybody's, also where the schedule gives
    // each rank just one share.
    if (size == 0 && now.is_anybodys) size = schedule::guided(view);
    return now.is_shared ? std::min(size, std::max(options_.chunk, shared_size_at_most(seconds)))
                         : size;
  }

 private:
  /// Chunks in flight to one rank at most; more would only lengthen the tail.
  static constexpr std::uint32_t chunks_out_at_most = 64;

  /// A rank goes over to another call of the same priority after a chunk that it runs between two
  /// items of that one.
  static std::uint64_t shared_size_at_most(double item_seconds) {
    constexpr double chunk_seconds_max = 1e-3;
    return item_seconds <= 0 ? 1
                             : std::max<std::uint64_t>(
                                   1, static_cast<std::uint64_t>(chunk_seconds_max / item_seconds));
  }

  /// The shortest chunk that pays: long enough to hide a round trip, and for the root to serve all
  /// ranks in a quarter of it (two messages a chunk).
  double chunk_seconds_min(const situation& now) const {
    return std::max(50e-6, 8.0 * message_seconds_ * now.n_active);
  }

  /// Seconds that an item takes the rank of `record`; 0 where nothing was measured yet. A few items
  /// at the mean of all ranks are mixed in: the first task of a rank may have been a short one by
  /// chance.
  double item_seconds(const rank_record& record) const {
    constexpr double mixed_in = 4;
    return (record.recent.seconds + mixed_in * mean_seconds_) / (record.recent.items + mixed_in);
  }

  /// How long an answer of the root may take: a round trip, and where it works, as long as its own
  /// tasks keep it from its messages; its helper thread comes after some milliseconds.
  double answer_seconds(const situation& now) const {
    if (options_.first_worker != 0) return chunk_seconds_min(now);
    constexpr double helper_thread_comes = 1.5e-3;
    constexpr double tasks_in_a_row = 3;  // their lengths vary
    const double kept = std::min(item_seconds(*now.root), helper_thread_comes);
    return std::max(chunk_seconds_min(now), tasks_in_a_row * kept);
  }

  coordinator_options options_;
  double message_seconds_;   // that one message takes the root
  recent_work recent_;       // of all ranks
  double mean_seconds_ = 0;  // of an item on any of them; 0: nothing was measured yet
};

}  // namespace rankwise::core
