// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/types.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace rankwise::core {

/// Decides which ranks are asked to split the chunk that they run, where others have no work. A
/// rank is asked once a chunk, until it has answered. It answers when it has something to give: if
/// it takes long, another is asked as well.
///
/// Local: a state machine. Cost: linear in the number of ranks.
class split_requests {
 public:
  /// A chunk to be split, and the rank that runs it.
  struct request {
    rank_id rank = root_rank;
    std::uint64_t chunk = 0;
  };

  /// `rank` was given `chunk`, and holds no other.
  void on_grant(rank_id rank, std::uint64_t chunk) {
    if (to_index(rank) >= ranks_.size()) ranks_.resize(to_index(rank) + 1);
    ranks_[to_index(rank)] = {.chunk = chunk, .turn = ++n_turns_};
  }

  /// `rank` has split its chunk, and may be asked again.
  void on_answer(rank_id rank) {
    entry& its = ranks_[to_index(rank)];
    its.is_asked = false;
    its.turn = ++n_turns_;
  }

  /// Whom to ask now, where `n_idle` ranks have no work; `is_at_work(rank)` says which have. Of
  /// those the first is the one that has gone on for longest by itself: it may have most left.
  template <class IsAtWork>
  std::vector<request> choose(std::uint32_t n_idle, duration now, IsAtWork is_at_work) {
    std::vector<request> chosen;
    if (n_idle == 0) return chosen;
    for (std::uint32_t n = n_expected(now, is_at_work); n < n_idle; ++n) {
      const std::size_t row = next_to_ask(is_at_work);
      if (row == ranks_.size()) break;
      ranks_[row].is_asked = true;
      ranks_[row].asked_at = now;
      chosen.push_back({to_rank(row), ranks_[row].chunk});
    }
    return chosen;
  }

 private:
  /// Nobody counts for longer on the answer of one that was asked.
  static constexpr duration patience = std::chrono::milliseconds(2);

  struct entry {
    std::uint64_t chunk = 0;  // 0: it never had one
    std::uint64_t turn = 0;   // when it got its chunk, or last split it
    bool is_asked = false;
    duration asked_at{};
  };

  template <class IsAtWork>
  std::uint32_t n_expected(duration now, IsAtWork is_at_work) const {
    std::uint32_t n = 0;
    for (std::size_t row = 0; row < ranks_.size(); ++row) {
      const entry& its = ranks_[row];
      const bool is_due = its.is_asked && now - its.asked_at < patience;
      n += is_due && is_at_work(to_rank(row)) ? 1 : 0;
    }
    return n;
  }

  template <class IsAtWork>
  std::size_t next_to_ask(IsAtWork is_at_work) const {
    std::size_t next = ranks_.size();
    for (std::size_t row = 0; row < ranks_.size(); ++row) {
      const entry& its = ranks_[row];
      if (its.chunk == 0 || its.is_asked || !is_at_work(to_rank(row))) continue;
      if (next == ranks_.size() || its.turn < ranks_[next].turn) next = row;
    }
    return next;
  }

  std::vector<entry> ranks_;  // by rank, as far as any had a chunk
  std::uint64_t n_turns_ = 0;
};

}  // namespace rankwise::core
