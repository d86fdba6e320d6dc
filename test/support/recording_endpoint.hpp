// SPDX-License-Identifier: MIT
// The root's end of a network that delivers nothing: what was sent is looked at.
#pragma once

#include <rankwise/core/message.hpp>
#include <rankwise/core/types.hpp>
#include <rankwise/exchange/frame_reader.hpp>
#include <rankwise/rank.hpp>
#include <rankwise/transport/endpoint.hpp>
#include <rankwise/transport/machine.hpp>
#include <rankwise/wire/buffer.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace rankwise::test {

/// An order that was sent.
struct sent_order {
  rank_id to = root_rank;
  core::incarnation_number incarnation = 0;
  core::any_order order;
  std::vector<std::byte> payload;
};

class recording_endpoint final : public transport::endpoint {
 public:
  explicit recording_endpoint(std::uint32_t n_ranks,
                              transport::machine& machine = transport::machine::here())
      : n_ranks_(n_ranks), machine_(machine) {}

  rank_id rank() const override { return root_rank; }

  std::uint32_t n_ranks() const override { return n_ranks_; }

  const std::string& host() const override { return host_; }

  transport::machine& machine() override { return machine_; }

  bool may_change_threads() const override { return true; }

  void send(rank_id to, wire::bytes frame) override {
    exchange::frame_reader reader(frame, n_frames_[to]++);
    core::any_order order;
    std::span<const std::byte> payload;
    while (reader.next(order, payload))
      sent_.push_back({to, reader.incarnation(), order, {payload.begin(), payload.end()}});
  }

  bool try_receive(rank_id& /*from*/, wire::bytes& /*frame*/) override { return false; }

  bool all_sent() override { return true; }

  void expect(rank_id rank, bool expected) override {
    expected_changes.emplace_back(static_cast<int>(rank), expected);
  }

  void forget(rank_id rank) override { forgotten.push_back(rank); }

  /// What was sent since this was last asked.
  std::vector<sent_order> take_sent() { return std::exchange(sent_, {}); }

  std::vector<std::pair<int, bool>> expected_changes;
  std::vector<rank_id> forgotten;

 private:
  std::uint32_t n_ranks_;
  transport::machine& machine_;
  std::string host_ = "here";
  std::map<rank_id, std::uint32_t> n_frames_;
  std::vector<sent_order> sent_;
};

}  // namespace rankwise::test
