// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/coordinator.hpp>
#include <rankwise/core/types.hpp>
#include <rankwise/process/process_watch.hpp>
#include <rankwise/statistics.hpp>
#include <rankwise/transport/machine.hpp>

#include <fmt/core.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace rankwise::engine {

/// What the root knows of each rank over all calls: who is there, who is lost, and which
/// incarnation of a rank is the current one.
///
/// Local: no communication.
class rank_table {
 public:
  /// One rank.
  struct life {
    core::incarnation_number incarnation = 0;
    bool present = true;    ///< else it is lost
    bool is_stuck = false;  ///< in a task that took too long
    bool gone = false;      ///< its process has ended: it does not come back
  };

  /// `hosts` has the host of each rank.
  rank_table(std::vector<std::string> hosts, transport::machine& machine)
      : machine_(machine), hosts_(std::move(hosts)), lives_(hosts_.size()) {}

  /// Watches the processes of all ranks but the root, where they are on this host.
  void watch(const std::vector<process_place>& processes) {
    for (std::size_t row = 1; row < processes.size(); ++row)
      processes_->add(to_rank(row), processes[row]);
  }

  const std::string& host(rank_id rank) const { return hosts_[to_index(rank)]; }

  life& of(rank_id rank) { return lives_[to_index(rank)]; }

  /// Ranks but the root that are there.
  std::vector<rank_id> others() const {
    std::vector<rank_id> found;
    for (std::size_t row = 1; row < lives_.size(); ++row) {
      if (lives_[row].present) found.push_back(to_rank(row));
    }
    return found;
  }

  /// The numbers of the ranks that are lost, or have left.
  std::vector<std::uint32_t> lost() const {
    std::vector<std::uint32_t> found;
    for (std::size_t row = 1; row < lives_.size(); ++row) {
      if (!lives_[row].present) found.push_back(static_cast<std::uint32_t>(row));
    }
    return found;
  }

  /// The ranks whose processes have ended since this was last asked.
  std::vector<rank_id> ended() { return processes_->ended(); }

  /// Books that a rank is lost; false where that is known.
  bool lose(const core::loss& one, const std::string& why) {
    life& found = of(one.rank);
    if (!std::exchange(found.present, false)) return false;
    const double at_s = std::chrono::duration<double>(machine_.now() - begun_).count();
    losses_.push_back(
        {static_cast<std::int32_t>(one.rank), host(one.rank), at_s, why, one.n_items});
    return true;
  }

  /// Books that a rank has said something, `stuck` in a task that takes too long or not. Returns
  /// whether it was lost, and is back.
  bool is_back(rank_id rank, bool stuck) {
    life& found = of(rank);
    found.is_stuck = stuck;
    return !std::exchange(found.present, true);
  }

  /// Books that a rank has said its last word.
  void left(rank_id rank) {
    of(rank).present = false;
    of(rank).gone = true;
  }

  /// In the order in which they were noticed.
  const std::vector<rank_loss>& losses() const { return losses_; }

 private:
  transport::machine& machine_;
  std::vector<std::string> hosts_;
  std::vector<life> lives_;
  std::unique_ptr<process_watch> processes_ = machine_.new_process_watch();
  std::vector<rank_loss> losses_;
  core::duration begun_ = machine_.now();
};

}  // namespace rankwise::engine
