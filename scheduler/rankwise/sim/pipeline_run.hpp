// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/pipeline_layout.hpp>
#include <rankwise/core/pipeline_node.hpp>
#include <rankwise/core/pipeline_root.hpp>
#include <rankwise/core/types.hpp>
#include <rankwise/random.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <queue>
#include <utility>
#include <vector>

namespace rankwise::sim {

/// A simulated cluster and the pipeline that it runs.
struct pipeline_run_options {
  core::pipeline_layout layout;
  std::uint32_t n_ranks = 1;
  std::uint64_t n_items = 0;
  std::uint64_t in_flight = 8;
  std::function<core::duration(std::uint32_t stage, std::uint64_t item, rank_id)> stage_time;
  std::function<bool(std::uint32_t stage, std::uint64_t item)> fails;  ///< none: no stage does
  core::duration source_time{};  ///< of each item, on the root
  core::duration sink_time{};
  core::duration latency{20'000};  ///< of each message
  core::duration jitter{};         ///< up to that much more; the order between two ranks is kept
  core::duration transfer{};       ///< of an item over a link, on top; one at a time
  std::optional<rank_id> killed;   ///< not the root
  core::duration killed_at{};
  core::duration lease = std::chrono::seconds(1);  ///< until the root knows
  std::uint64_t seed = 1;
};

/// What came of it.
struct pipeline_run_report {
  bool done = false;  ///< all items have come to the sink, or their failures have
  core::duration makespan{};
  std::vector<std::uint64_t> order;  ///< in which items came to the sink
  std::vector<std::uint64_t> failed;
  std::uint64_t most_in_flight = 0;
  std::optional<rank_id> lost;
  std::uint64_t oldest_out = 0;  ///< where a rank was lost: the first item that had not come out
};

/// Runs a pipeline on a simulated cluster, in virtual time: nodes and root are those of the core.
///
/// Local: one thread, no communication; the same options give the same run.
class pipeline_run {
 public:
  explicit pipeline_run(pipeline_run_options options)
      : options_(std::move(options)), chance_(options_.seed, 0), links_() {
    for (std::uint32_t row = 0; row < options_.n_ranks; ++row)
      ranks_.push_back({core::pipeline_node<nothing>(options_.layout, to_rank(row)), {}, false});
    root_.emplace(ranks_.front().node, options_.in_flight);
  }

  pipeline_run_report run() {
    if (options_.killed)
      push(options_.killed_at + options_.lease, {.what = event_kind::lost, .to = *options_.killed});
    look(root_rank, core::duration{});
    while (!root_->is_over() && !events_.empty()) {
      const event next = events_.top();
      events_.pop();
      report_.makespan = next.time;
      happen(next);
    }
    report_.done = root_->is_over() && !report_.lost;
    return report_;
  }

 private:
  struct nothing {};

  enum class event_kind : std::uint8_t { arrive, begun, finish, free, lost };

  struct event {
    core::duration time{};
    std::uint64_t order = 0;
    event_kind what{};
    rank_id from = root_rank;
    rank_id to = root_rank;
    std::uint32_t stage = 0;
    std::uint64_t item = 0;
    bool is_failed_item = false;
    core::duration took{};

    bool operator<(const event& other) const {
      return time != other.time ? time > other.time : order > other.order;
    }
  };

  struct rank_state {
    core::pipeline_node<nothing> node;
    core::duration busy_until{};
    bool is_busy = false;
  };

  struct link {
    core::duration free_at{};
    core::duration last_arrival{};
  };

  void push(core::duration time, event what) {
    what.time = time;
    what.order = n_pushed_++;
    events_.push(what);
  }

  bool is_dead(rank_id rank, core::duration at) const {
    return options_.killed == rank && at >= options_.killed_at;
  }

  void send(core::duration at, bool is_item, event what) {
    link& way = links_[{to_index(what.from), to_index(what.to)}];
    const auto span = static_cast<std::uint64_t>(options_.jitter.count());
    const core::duration extra{
        span == 0 ? 0 : static_cast<core::duration::rep>(chance_() % (span + 1))};
    const core::duration begun = std::max(at, way.free_at);
    way.free_at = begun + (is_item ? options_.transfer : core::duration{});
    way.last_arrival = std::max(way.last_arrival, way.free_at + options_.latency + extra);
    push(way.last_arrival, what);
  }

  void happen(const event& next) {
    if (next.what == event_kind::lost) {
      report_.lost = next.to;
      report_.oldest_out = root_->n_left();
      root_->stop();
      return;
    }
    if (is_dead(next.to, next.time)) return;
    rank_state& rank = ranks_[to_index(next.to)];
    switch (next.what) {
      case event_kind::arrive:
        rank.node.arrive(next.from, {next.stage, next.item, {}, next.is_failed_item});
        break;
      case event_kind::begun:
        rank.node.begun(next.from, next.stage, next.took);
        break;
      case event_kind::finish:
        finish(next, rank);
        break;
      case event_kind::free:
      case event_kind::lost:
        break;
    }
    if (next.what == event_kind::finish || next.what == event_kind::free) rank.is_busy = false;
    look(next.to, next.time);
  }

  void finish(const event& next, rank_state& rank) {
    rank.node.measured(next.stage, next.took);
    const bool fails = options_.fails && options_.fails(next.stage, next.item);
    if (fails) report_.failed.push_back(next.item);
    rank.node.hand_on({next.stage + 1, next.item, {}, fails});
  }

  /// What a rank does that something has happened to.
  void look(rank_id self, core::duration at) {
    rank_state& rank = ranks_[to_index(self)];
    for (;;) {
      deliver(self, at);
      if (rank.is_busy || (self == root_rank && look_at_ends(at))) return;
      const auto next = rank.node.next_job();
      if (!next) return;
      if (next->tell_begun) tell_begun(self, at, *next);
      const std::uint32_t stage = next->what.stage;
      const std::uint64_t item = next->what.item;
      if (next->what.is_failed_item) {
        rank.node.hand_on({stage + 1, item, {}, true});
        continue;
      }
      const core::duration took = options_.stage_time(stage, item, self);
      rank.is_busy = true;
      push(at + took,
           {.what = event_kind::finish,
            .from = self,
            .to = self,
            .stage = stage,
            .item = item,
            .took = took});
    }
  }

  void tell_begun(rank_id self, core::duration at, const core::pipeline_node<nothing>::job& begun) {
    send(at,
         false,
         {.what = event_kind::begun,
          .from = self,
          .to = begun.from,
          .stage = begun.what.stage,
          .took = begun.last_took});
  }

  void deliver(rank_id self, core::duration at) {
    while (auto out = ranks_[to_index(self)].node.next_delivery()) {
      send(at,
           true,
           {.what = event_kind::arrive,
            .from = self,
            .to = out->to,
            .stage = out->what.stage,
            .item = out->what.item,
            .is_failed_item = out->what.is_failed_item});
    }
  }

  /// Sink first, then source; each takes the root its time. Returns whether it is busy now.
  bool look_at_ends(core::duration at) {
    core::duration spent{};
    while (auto out = root_->leave()) {
      if (!out->is_failed_item) {
        report_.order.push_back(out->item);
        spent += options_.sink_time;
      }
    }
    while (root_->wants_item()) {
      if (root_->n_entered() == options_.n_items) {
        root_->end_source();
        break;
      }
      root_->enter({});
      spent += options_.source_time;
      report_.most_in_flight =
          std::max(report_.most_in_flight, root_->n_entered() - root_->n_left());
      deliver(root_rank, at + spent);
    }
    if (spent.count() == 0) return false;
    ranks_.front().is_busy = true;
    push(at + spent, {.what = event_kind::free});
    return true;
  }

  pipeline_run_options options_;
  random_stream chance_;
  std::map<std::pair<std::size_t, std::size_t>, link> links_;
  std::vector<rank_state> ranks_;
  std::optional<core::pipeline_root<nothing>> root_;
  std::priority_queue<event> events_;
  std::uint64_t n_pushed_ = 0;
  pipeline_run_report report_;
};

}  // namespace rankwise::sim
