// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/types.hpp>
#include <rankwise/core/work_left.hpp>

#include <cstdint>
#include <optional>
#include <vector>

namespace rankwise::core {

/// A chunk that a rank has been given and has not returned as a whole.
struct chunk_record {
  std::uint64_t id = 0;  ///< 0: the row is free
  rank_id rank = root_rank;
  incarnation_number incarnation = 0;
  item_range left;           ///< what has not come back yet; a rank returns a chunk in order
  std::uint32_t losses = 0;  ///< ranks that were lost while they ran these items
  rank_id last = root_rank;  ///< the last of those
  bool has_twin = false;     ///< another rank has been given the same items
};

/// Whether a chunk goes on after a part of it.
enum class chunk_end : std::uint8_t { ahead, reached };

/// The chunks under way, found by id in constant time. An id is never used twice, so that a late
/// result finds nothing.
class chunk_table {
 public:
  /// Adds a chunk and returns its id, which is not 0.
  std::uint64_t add(rank_id rank, incarnation_number incarnation, const unassigned_items& work) {
    std::uint64_t row = 0;
    if (free_rows_.empty()) {
      row = rows_.size();
      rows_.emplace_back();
    } else {
      row = free_rows_.back();
      free_rows_.pop_back();
    }
    const std::uint64_t id = ++n_added_ << row_bits | row;
    rows_[row] = {.id = id,
                  .rank = rank,
                  .incarnation = incarnation,
                  .left = work.items,
                  .losses = work.losses,
                  .last = work.last};
    return id;
  }

  /// The chunk of that id while it is under way, else null.
  chunk_record* find(std::uint64_t id) {
    const std::uint64_t row = id & row_mask;
    return id != 0 && row < rows_.size() && rows_[row].id == id ? &rows_[row] : nullptr;
  }

  /// Whether `items` are out in that chunk, and it is one of `rank`.
  bool holds(std::uint64_t id, rank_id rank, item_range items) {
    const chunk_record* const chunk = find(id);
    return chunk != nullptr && chunk->rank == rank && chunk->left.first <= items.first &&
           items.end() <= chunk->left.end();
  }

  /// `items` of a chunk, as they may be handed out again.
  unassigned_items back(std::uint64_t id, item_range items) {
    const chunk_record* const chunk = find(id);
    return chunk == nullptr ? unassigned_items{items}
                            : unassigned_items{items, chunk->losses, chunk->last};
  }

  /// Books `items` off the front of a chunk, which goes once all of it has come back; none if the
  /// chunk is not one of `rank` in its `incarnation`, or does not begin with them.
  std::optional<chunk_end> take_back(std::uint64_t id,
                                     rank_id rank,
                                     incarnation_number incarnation,
                                     item_range items) {
    chunk_record* const chunk = find(id);
    if (chunk == nullptr || chunk->incarnation != incarnation || chunk->rank != rank ||
        chunk->left.first != items.first || chunk->left.count < items.count) {
      return std::nullopt;
    }
    chunk->left.first += items.count;
    chunk->left.count -= items.count;
    if (chunk->left.count != 0) return chunk_end::ahead;
    remove(id);
    return chunk_end::reached;
  }

  void remove(std::uint64_t id) {
    const std::uint64_t row = id & row_mask;
    rows_[row].id = 0;
    free_rows_.push_back(row);
  }

  std::uint64_t size() const { return rows_.size() - free_rows_.size(); }

  /// The oldest chunk that `wanted(chunk)`, else null. A chunk has a larger id than an older one.
  template <class Wanted>
  chunk_record* oldest(Wanted wanted) {
    chunk_record* found = nullptr;
    for (chunk_record& chunk : rows_) {
      if (chunk.id != 0 && wanted(chunk) && (found == nullptr || chunk.id < found->id))
        found = &chunk;
    }
    return found;
  }

  /// Calls `visit(chunk)` for each chunk of `rank`, and removes it.
  template <class Visit>
  void remove_all_of(rank_id rank, Visit visit) {
    for (const chunk_record& chunk : rows_) {
      if (chunk.id == 0 || chunk.rank != rank) continue;
      visit(chunk);
      remove(chunk.id);
    }
  }

 private:
  static constexpr unsigned row_bits = 24;  // 16 million chunks under way, 10^12 in one call
  static constexpr std::uint64_t row_mask = (std::uint64_t{1} << row_bits) - 1;

  std::vector<chunk_record> rows_;
  std::vector<std::uint64_t> free_rows_;
  std::uint64_t n_added_ = 0;
};

}  // namespace rankwise::core
