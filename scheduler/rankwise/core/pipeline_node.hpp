// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/pipeline_layout.hpp>
#include <rankwise/core/pipeline_route.hpp>
#include <rankwise/core/types.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace rankwise::core {

/// One rank's part of a pipeline: what waits for its stages, and where what they make goes next.
///
/// Local: a state machine; parcels go in (`arrive`, `hand_on`), and come out to be worked on
/// (`next_job`) or sent (`next_delivery`). It sends nothing itself.
template <class Payload>
class pipeline_node {
 public:
  using delivery = typename pipeline_route<Payload>::delivery;

  /// Something to work on.
  struct job {
    parcel<Payload> what;
    rank_id from;          ///< where it came from
    bool tell_begun;       ///< `from` wants to hear that it has been begun
    duration last_took{};  ///< time of the last item of this stage here
  };

  pipeline_node(pipeline_layout layout, rank_id self) : layout_(std::move(layout)), self_(self) {}

  /// A parcel for a stage of this rank, or on the root for the sink, has come.
  void arrive(rank_id from, parcel<Payload> what) {
    queue& into = waiting_[what.stage];
    const std::uint64_t place = is_in_order(what.stage) ? what.item : into.n_arrived;
    ++into.n_arrived;
    into.parcels.emplace(place, arrived{std::move(what), from});
  }

  /// What to work on next: of the stages that run here that which is furthest on, so that nothing
  /// piles up; the sink is not among them. A stage that has one rank gets items in order.
  std::optional<job> next_job() {
    for (auto place = waiting_.rbegin(); place != waiting_.rend(); ++place) {
      auto& [stage, waiting] = *place;
      if (stage == layout_.n_stages() || !waiting.has_next()) continue;
      arrived taken = waiting.take();
      job next{std::move(taken.what), taken.from, false, took_[stage]};
      if (layout_.stages[stage].size() > 1) {
        if (next.from == self_) {
          route_to(stage).begun(self_, next.last_took);
        } else {
          next.tell_begun = true;
        }
      }
      return next;
    }
    return std::nullopt;
  }

  /// The stage took that long for the last item.
  void measured(std::uint32_t stage, duration took) { took_[stage] = took; }

  /// On the root: the next parcel for the sink, in order.
  std::optional<parcel<Payload>> next_result() {
    const auto place = waiting_.find(layout_.n_stages());
    if (place == waiting_.end() || !place->second.has_next()) return std::nullopt;
    return std::move(place->second.take().what);
  }

  /// A parcel leaves this rank's stage, or the source, for `what.stage`.
  void hand_on(parcel<Payload> what) {
    const std::uint32_t stage = what.stage;
    route_to(stage).put(std::move(what));
  }

  /// The next parcel to be sent to another rank. Those for this rank arrive at once.
  std::optional<delivery> next_delivery() {
    for (auto& [stage, route] : routes_) {
      while (std::optional<delivery> out = route.next()) {
        if (out->to != self_) return out;
        arrive(self_, std::move(out->what));
      }
    }
    return std::nullopt;
  }

  /// `rank` has begun an item of `stage` that was sent from here.
  void begun(rank_id rank, std::uint32_t stage, duration took) {
    route_to(stage).begun(rank, took);
  }

  /// Parcels that wait here for a replica of `stage`.
  std::size_t n_held_back(std::uint32_t stage) { return route_to(stage).n_waiting(); }

  const pipeline_layout& layout() const { return layout_; }

 private:
  struct arrived {
    parcel<Payload> what;
    rank_id from;
  };

  /// Parcels by the order in which they are worked on.
  struct queue {
    std::map<std::uint64_t, arrived> parcels;
    std::uint64_t n_arrived = 0;
    std::uint64_t n_taken = 0;

    bool has_next() const { return !parcels.empty() && parcels.begin()->first == n_taken; }

    arrived take() {
      ++n_taken;
      return std::move(parcels.extract(parcels.begin()).mapped());
    }
  };

  /// All items come to such a stage, failed ones too.
  bool is_in_order(std::uint32_t stage) const {
    return stage == layout_.n_stages() || layout_.stages[stage].size() == 1;
  }

  pipeline_route<Payload>& route_to(std::uint32_t stage) {
    const auto place = routes_.find(stage);
    if (place != routes_.end()) return place->second;
    const std::vector<rank_id> root_alone{root_rank};
    const bool is_sink = stage == layout_.n_stages();
    return routes_.emplace(stage, is_sink ? root_alone : layout_.stages[stage]).first->second;
  }

  pipeline_layout layout_;
  rank_id self_;
  std::map<std::uint32_t, queue> waiting_;                   // by stage
  std::map<std::uint32_t, pipeline_route<Payload>> routes_;  // by stage
  std::map<std::uint32_t, duration> took_;                   // by stage
};

}  // namespace rankwise::core
