// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/rank.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace rankwise::sharing {

/// From which rank each rank fetches a shared value. The root has it; ranks that have it or fetch
/// it pass it on. Ranks of one host get it from each other; between hosts it goes along a chain, so
/// that each network link carries it once.
///
/// Local: no communication.
class source_tree {
 public:
  /// `hosts` has a number for the host of each rank; the first rank is the root.
  explicit source_tree(std::vector<std::uint32_t> hosts)
      : hosts_(std::move(hosts)),
        nodes_(hosts_.size()),
        n_sent_(*std::max_element(hosts_.begin(), hosts_.end()) + std::size_t{1}) {
    nodes_.front().state = node_state::complete;
  }

  /// Returns the source of `rank`, which begins to fetch the value.
  rank_id assign(rank_id rank) {
    leave_source(rank);
    node& its = nodes_[to_index(rank)];
    its.refused.clear();
    its.is_doubted = false;
    return choose(rank);
  }

  /// Returns another source for `rank`, whose own is lost, or has given up. Nobody else is sent
  /// there until that one asks for a source or is complete itself.
  rank_id replace(rank_id rank) {
    node& its = nodes_[to_index(rank)];
    if (its.source && *its.source != root_rank) {
      its.refused.push_back(*its.source);
      nodes_[to_index(*its.source)].is_doubted = true;
    }
    leave_source(rank);
    return choose(rank);
  }

  /// `rank` has the value; it passes it on from now on too if it `keeps` the bytes.
  void on_complete(rank_id rank, bool keeps) {
    node& its = nodes_[to_index(rank)];
    leave_source(rank);
    its.state = keeps ? node_state::complete : node_state::absent;
    its.is_doubted = false;
  }

  /// Whether two ranks are on one host.
  bool is_near(rank_id one, rank_id other) const {
    return hosts_[to_index(one)] == hosts_[to_index(other)];
  }

  /// Whether `rank` is the only one on its host.
  bool is_alone(rank_id rank) const {
    return std::count(hosts_.begin(), hosts_.end(), hosts_[to_index(rank)]) == 1;
  }

 private:
  enum class node_state : std::uint8_t { absent, fetching, complete };

  struct node {
    node_state state = node_state::absent;
    bool is_doubted = false;
    std::optional<rank_id> source;  // while it fetches
    std::size_t n_served = 0;       // ranks that fetch from it
    std::size_t begun = 0;          // the last of them has the largest number
    std::vector<rank_id> refused;   // sources that it has given up
  };

  void leave_source(rank_id rank) {
    node& its = nodes_[to_index(rank)];
    if (!its.source) return;
    --nodes_[to_index(*its.source)].n_served;
    if (!is_near(*its.source, rank)) --n_sent_[hosts_[to_index(*its.source)]];
    its.source.reset();
  }

  rank_id choose(rank_id rank) {
    rank_id best = root_rank;
    for (std::size_t row = 1; row < nodes_.size(); ++row) {
      if (may_serve(to_rank(row), rank) && is_better(to_rank(row), best, rank)) best = to_rank(row);
    }
    node& its = nodes_[to_index(rank)];
    its.state = node_state::fetching;
    its.source = best;
    its.begun = ++n_begun_;
    ++nodes_[to_index(best)].n_served;
    if (!is_near(best, rank)) ++n_sent_[hosts_[to_index(best)]];
    return best;
  }

  bool may_serve(rank_id source, rank_id rank) const {
    const node& its = nodes_[to_index(source)];
    if (source == rank || its.state == node_state::absent || its.is_doubted) return false;
    const std::vector<rank_id>& refused = nodes_[to_index(rank)].refused;
    if (std::find(refused.begin(), refused.end(), source) != refused.end()) return false;
    return nodes_[to_index(rank)].n_served == 0 || !is_behind(source, rank);
  }

  /// Whether what `rank` gets comes from `other`.
  bool is_behind(rank_id rank, rank_id other) const {
    for (std::optional<rank_id> next = rank; next; next = nodes_[to_index(*next)].source) {
      if (*next == other) return true;
    }
    return false;
  }

  /// Whether `rank` may have all of the value no earlier than another one of its host has: what
  /// they keep in common.
  bool waits_for_near(rank_id rank) const {
    const node& its = nodes_[to_index(rank)];
    return its.source && is_near(*its.source, rank);
  }

  /// Of the same host first, then whose host sends to fewest others, then, for another host, who
  /// gets it from elsewhere piece by piece, then who serves fewest, then who has begun last.
  bool is_better(rank_id one, rank_id other, rank_id for_rank) const {
    if (is_near(one, for_rank) != is_near(other, for_rank)) return is_near(one, for_rank);
    const std::size_t sent = n_sent_[hosts_[to_index(one)]];
    const std::size_t other_sent = n_sent_[hosts_[to_index(other)]];
    if (!is_near(one, for_rank) && sent != other_sent) return sent < other_sent;
    if (!is_near(one, for_rank) && waits_for_near(one) != waits_for_near(other))
      return waits_for_near(other);
    const node& first = nodes_[to_index(one)];
    const node& second = nodes_[to_index(other)];
    if (first.n_served != second.n_served) return first.n_served < second.n_served;
    return first.begun > second.begun;
  }

  std::vector<std::uint32_t> hosts_;  // by rank
  std::vector<node> nodes_;           // by rank
  std::vector<std::size_t> n_sent_;   // ranks elsewhere that fetch from there, by host
  std::size_t n_begun_ = 0;
};

}  // namespace rankwise::sharing
