// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/coordinator.hpp>
#include <rankwise/core/types.hpp>
#include <rankwise/statistics.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace rankwise::engine {

/// What the root knows of each rank over all calls: whether it is present, and in which
/// incarnation.
///
/// Local: no communication; time is told by the caller.
class rank_table {
 public:
  /// One rank.
  struct entry {
    core::incarnation_number incarnation = 0;
    bool is_present = true;  ///< else it is lost, or has departed
    bool is_stuck = false;   ///< it is in a task that took too long
    bool is_gone = false;    ///< its process has ended: it does not come back
  };

  /// `hosts` has the host of each rank; the job has begun at `begun`.
  rank_table(std::vector<std::string> hosts, core::duration begun)
      : hosts_(std::move(hosts)), entries_(hosts_.size()), begun_(begun) {}

  std::size_t n_ranks() const { return entries_.size(); }

  const std::string& host(rank_id rank) const { return hosts_[to_index(rank)]; }

  const entry& of(rank_id rank) const { return entries_[to_index(rank)]; }

  /// The ranks but the root that are present.
  std::vector<rank_id> others() const {
    std::vector<rank_id> found;
    for (std::size_t row = 1; row < entries_.size(); ++row) {
      if (entries_[row].is_present) found.push_back(to_rank(row));
    }
    return found;
  }

  /// The numbers of the ranks that are lost, or have departed.
  std::vector<std::uint32_t> lost() const {
    std::vector<std::uint32_t> found;
    for (std::size_t row = 1; row < entries_.size(); ++row) {
      if (!entries_[row].is_present) found.push_back(static_cast<std::uint32_t>(row));
    }
    return found;
  }

  void set_incarnation(rank_id rank, core::incarnation_number incarnation) {
    entries_[to_index(rank)].incarnation = incarnation;
  }

  /// The process of a rank has ended.
  void on_process_ended(rank_id rank) { entries_[to_index(rank)].is_gone = true; }

  /// A rank is lost; false if that is known.
  bool on_rank_lost(const core::loss& loss, const std::string& reason, core::duration at) {
    if (!std::exchange(entries_[to_index(loss.rank)].is_present, false)) return false;
    losses_.push_back({static_cast<std::int32_t>(loss.rank),
                       host(loss.rank),
                       std::chrono::duration<double>(at - begun_).count(),
                       reason,
                       loss.n_items});
    return true;
  }

  /// A rank has said something, `is_stuck` in a task that takes too long or not. Returns whether it
  /// was lost, and is back.
  bool on_message(rank_id rank, bool is_stuck) {
    entry& found = entries_[to_index(rank)];
    found.is_stuck = is_stuck;
    return !std::exchange(found.is_present, true);
  }

  /// A rank has sent its last message.
  void on_departed(rank_id rank) {
    entries_[to_index(rank)].is_present = false;
    entries_[to_index(rank)].is_gone = true;
  }

  /// The losses, in the order in which they were noticed.
  const std::vector<rank_loss>& losses() const { return losses_; }

 private:
  std::vector<std::string> hosts_;
  std::vector<entry> entries_;
  std::vector<rank_loss> losses_;
  core::duration begun_;
};

}  // namespace rankwise::engine
