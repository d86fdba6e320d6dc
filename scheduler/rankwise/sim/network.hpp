// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/types.hpp>
#include <rankwise/sim/timeline.hpp>
#include <rankwise/transport/endpoint.hpp>
#include <rankwise/wire/buffer.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <utility>
#include <vector>

namespace rankwise::sim {

/// How long frames take.
struct network_options {
  core::duration latency{};
  core::duration jitter{};  ///< at most; frames of different pairs of ranks overtake each other
};

/// What connects simulated ranks: frames between two of them arrive in order. As with MPI, some
/// frames leave their sender only as the receiver takes them.
///
/// Local: virtual time.
class network {
 public:
  network(timeline& time, std::uint32_t n_ranks, const network_options& how)
      : time_(time), how_(how), links_(std::size_t{n_ranks} * n_ranks), cut_until_(n_ranks) {}

  std::uint32_t n_ranks() const { return static_cast<std::uint32_t>(cut_until_.size()); }

  /// What goes to and from `rank` waits until `time`.
  void cut(rank_id rank, core::duration time) {
    cut_until_[to_index(rank)] = std::max(cut_until_[to_index(rank)], time);
  }

  /// `rank` takes no frames any more, and holds nobody up.
  void drain(rank_id rank) {
    for (std::size_t row = 0; row < n_ranks(); ++row) {
      between(to_rank(row), rank).is_drained = true;
      between(to_rank(row), rank).frames.clear();
      between(to_rank(row), rank).n_held = 0;
    }
  }

  void send(rank_id from, rank_id to, wire::bytes bytes) {
    constexpr std::size_t large = 2000;
    link& way = between(from, to);
    if (way.is_drained) return;
    const core::duration leaves =
        std::max({time_.now(), cut_until_[to_index(from)], cut_until_[to_index(to)]});
    const core::duration jitter(time_.up_to(static_cast<std::uint64_t>(how_.jitter.count())));
    way.last_arrival = std::max(way.last_arrival, leaves + how_.latency + jitter);
    const bool is_held = bytes.size() > large || time_.one_in(16);
    way.n_held += is_held ? 1 : 0;
    way.frames.push_back({std::move(bytes), way.last_arrival, is_held});
  }

  /// The frame that has arrived first.
  bool try_receive(rank_id to, rank_id& from, wire::bytes& bytes) {
    link* first = nullptr;
    for (std::size_t row = 0; row < n_ranks(); ++row) {
      link& way = between(to_rank(row), to);
      if (way.frames.empty() || way.frames.front().arrives > time_.now()) continue;
      if (first != nullptr && first->frames.front().arrives <= way.frames.front().arrives) continue;
      first = &way;
      from = to_rank(row);
    }
    if (first == nullptr) return false;
    bytes = std::move(first->frames.front().bytes);
    first->n_held -= first->frames.front().is_held ? 1 : 0;
    first->frames.pop_front();
    return true;
  }

  /// A frame from one rank to the other waits for the other.
  bool holds(rank_id from, rank_id to) const {
    return links_[to_index(from) * n_ranks() + to_index(to)].n_held != 0;
  }

 private:
  struct frame {
    wire::bytes bytes;
    core::duration arrives{};
    bool is_held = false;  // until it is taken
  };

  struct link {
    std::deque<frame> frames;
    core::duration last_arrival{};
    std::size_t n_held = 0;
    bool is_drained = false;
  };

  link& between(rank_id from, rank_id to) {
    return links_[to_index(from) * n_ranks() + to_index(to)];
  }

  timeline& time_;
  network_options how_;
  std::vector<link> links_;
  std::vector<core::duration> cut_until_;  // by rank
};

/// A rank's place in a simulated network.
class network_endpoint final : public transport::endpoint {
 public:
  network_endpoint(network& way,
                   timeline& time,
                   transport::machine& machine,
                   rank_id rank,
                   bool may_change_threads)
      : network_(way),
        time_(time),
        machine_(machine),
        rank_(rank),
        may_change_threads_(may_change_threads),
        expected_(way.n_ranks(), 1) {}

  rank_id rank() const override { return rank_; }

  std::uint32_t n_ranks() const override { return network_.n_ranks(); }

  const std::string& host() const override { return host_; }

  transport::machine& machine() override { return machine_; }

  bool may_change_threads() const override { return may_change_threads_; }

  void send(rank_id to, wire::bytes frame) override {
    if (!time_.is_dead()) network_.send(rank_, to, std::move(frame));
  }

  /// Throws: process_killed.
  bool try_receive(rank_id& from, wire::bytes& frame) override {
    if (time_.is_dead()) throw process_killed();
    return network_.try_receive(rank_, from, frame);
  }

  bool all_sent() override { return !in_motion(); }

  bool in_motion() const override {
    for (std::size_t row = 0; row < expected_.size(); ++row) {
      if (expected_[row] != 0 && network_.holds(rank_, to_rank(row))) return true;
    }
    return false;
  }

  void expect(rank_id rank, bool expected) override {
    expected_[to_index(rank)] = expected ? 1 : 0;
  }

 private:
  network& network_;
  timeline& time_;
  transport::machine& machine_;
  rank_id rank_;
  bool may_change_threads_;
  std::vector<char> expected_;  // by rank
  std::string host_ = "here";
};

}  // namespace rankwise::sim
