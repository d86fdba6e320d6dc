// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/pipeline_layout.hpp>
#include <rankwise/core/pipeline_node.hpp>

#include <cstdint>
#include <optional>
#include <utility>

namespace rankwise::core {

/// The root's part of a pipeline: when the source is asked, and what the sink gets next.
///
/// Local: a state machine over the root's node, which the caller keeps.
template <class Payload>
class pipeline_root {
 public:
  /// `in_flight` > 0 items at most are between source and sink.
  pipeline_root(pipeline_node<Payload>& node, std::uint64_t in_flight)
      : node_(&node), in_flight_(in_flight) {}

  /// Whether to ask the source: there is room, and the first stage has taken what came before.
  bool wants_item() {
    return !source_over_ && !stopped_ && n_out() < in_flight_ && node_->n_held_back(0) == 0;
  }

  /// The source has given an item.
  void enter(Payload payload) { node_->hand_on({0, n_entered_++, std::move(payload), false}); }

  /// The source has no more.
  void end_source() { source_over_ = true; }

  /// The next item in order, where it has come to the end.
  std::optional<parcel<Payload>> leave() {
    if (stopped_) return std::nullopt;
    std::optional<parcel<Payload>> result = node_->next_result();
    if (result) ++n_left_;
    return result;
  }

  /// Nothing more goes in or out.
  void stop() { stopped_ = true; }

  bool is_over() const { return stopped_ || (source_over_ && n_out() == 0); }

  /// Items that have come from the source.
  std::uint64_t n_entered() const { return n_entered_; }

  /// Items that have come to the end, which is also the number of the oldest that has not.
  std::uint64_t n_left() const { return n_left_; }

 private:
  std::uint64_t n_out() const { return n_entered_ - n_left_; }

  pipeline_node<Payload>* node_;
  std::uint64_t in_flight_;
  std::uint64_t n_entered_ = 0;
  std::uint64_t n_left_ = 0;
  bool source_over_ = false;
  bool stopped_ = false;
};

}  // namespace rankwise::core
