// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/schedule_kind.hpp>
#include <rankwise/core/types.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace rankwise::core {

/// What a chunking policy may look at when it decides how many items a rank gets next.
struct schedule_view {
  std::uint64_t n_items = 0;       ///< of the whole call
  std::uint64_t remaining = 0;     ///< not yet given to any rank
  std::uint32_t n_ranks = 1;       ///< that work
  std::uint32_t row = 0;           ///< of the asking rank among those that work, [0, n_ranks)
  std::uint64_t rank_granted = 0;  ///< items that the asking rank has had so far, but for repeats
  std::uint64_t rank_done = 0;     ///< items that it has finished
  double item_seconds =
      0;             ///< its mean time of an item, or the job's where it has none yet; 0: not known
  double share = 1;  ///< its measured part of the speed of all ranks, (0, 1]
  double chunk_seconds_min = 50e-6;  ///< shorter chunks cost more in messages than they gain
  std::uint64_t chunk = 0;           ///< what the user asked for; 0: the schedule's own
};

namespace schedule {

/// A rank is given at most that many times the items that it has finished.
inline constexpr std::uint64_t growth = 16;

}  // namespace schedule

/// Items in the next chunk for a rank under each schedule; 0: nothing more for this rank.
///
/// Local: pure functions, no communication.
/// Source:  self-scheduling: Tang and Yew 1986; guided: Polychronopoulos and Kuck 1987; factoring
/// (FAC2): Hummel,
///          Schonberg and Flynn 1992; the adaptive weights: Banicescu, Velusamy and Devaprasad 2003
///          (AWF).
namespace schedule {

/// One contiguous block a rank, of equal size up to one item; with `chunk`, dealt out in pieces of
/// that size.
inline std::uint64_t static_blocks(const schedule_view& view) {
  const std::uint64_t block =
      view.n_items / view.n_ranks + (view.row < view.n_items % view.n_ranks ? 1 : 0);
  const std::uint64_t left = block - std::min(block, view.rank_granted);
  return view.chunk != 0 ? std::min(view.chunk, left) : left;
}

/// `chunk` items, one by default.
inline std::uint64_t self(const schedule_view& view) {
  return std::max<std::uint64_t>(view.chunk, 1);
}

/// What remains, over the number of ranks; never fewer than `chunk`.
inline std::uint64_t guided(const schedule_view& view) {
  return std::max<std::uint64_t>(
      {(view.remaining + view.n_ranks - 1) / view.n_ranks, view.chunk, 1});
}

/// Batches of one chunk a rank, each batch half of what remained at its start; never fewer than
/// `chunk`.
///
/// The batch is found from what remains alone: `n_items` halved until it is reached.
inline std::uint64_t factoring(const schedule_view& view) {
  double batch_start = static_cast<double>(view.n_items);
  while (batch_start / 2 >= static_cast<double>(view.remaining) && batch_start > 1)
    batch_start /= 2;
  const double chunk = std::ceil(batch_start / (2.0 * view.n_ranks));
  return std::max<std::uint64_t>({static_cast<std::uint64_t>(chunk), view.chunk, 1});
}

/// By measured speed and task time: a third of the rank's share of what remains, at least long
/// enough to be worth a message, at most 50 ms, and in proportion to what the rank has shown that
/// it can do.
inline std::uint64_t adaptive(const schedule_view& view) {
  constexpr double chunk_seconds_max = 50e-3;
  constexpr double share_fraction = 1.0 / 3;

  const std::uint64_t at_least = std::max<std::uint64_t>(view.chunk, 1);
  if (view.item_seconds <= 0) return at_least;
  const double remaining = static_cast<double>(view.remaining);
  const double shortest = view.chunk_seconds_min / view.item_seconds;
  const double longest = std::max(view.chunk_seconds_min, chunk_seconds_max) / view.item_seconds;
  const double count =
      std::clamp(remaining * view.share * share_fraction, std::min(shortest, longest), longest);
  const double shown = static_cast<double>(growth * std::max<std::uint64_t>(view.rank_done, 1));
  return std::max(at_least, static_cast<std::uint64_t>(std::min({count, shown, remaining})));
}

/// The decision of `kind`; never more than what remains.
inline std::uint64_t next_chunk(schedule_kind kind, const schedule_view& view) {
  const auto decide = [&] {
    switch (kind) {
      case schedule_kind::static_blocks:
        return static_blocks(view);
      case schedule_kind::self:
        return self(view);
      case schedule_kind::guided:
        return guided(view);
      case schedule_kind::factoring:
        return factoring(view);
      case schedule_kind::adaptive:
        break;
    }
    return adaptive(view);
  };
  return std::min(decide(), view.remaining);
}

}  // namespace schedule
}  // namespace rankwise::core
