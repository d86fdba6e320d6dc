// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace rankwise::inference {

/// What one operator needs.
struct operator_cost {
  std::uint64_t weight_bytes = 0;
  std::uint64_t activation_bytes = 0;  ///< of what it takes and gives
};

/// A rank, and what it can do.
struct rank_profile {
  std::string host;
  std::vector<double> seconds;     ///< that each operator takes
  std::uint64_t memory_bytes = 0;  ///< for its part of the model; 0: no limit
};

/// What it takes to move n bytes between two ranks: latency + n / bandwidth. Source: the postal
/// model; Hockney, "The communication challenge for MPP" (1994).
struct link_cost {
  double latency_s = 0;
  double bytes_per_s = std::numeric_limits<double>::infinity();
  bool overlaps = false;  ///< goes on beside computing; else both ends are busy with it

  double seconds(std::uint64_t n_bytes) const {
    return latency_s + static_cast<double>(n_bytes) / bytes_per_s;
  }
};

/// A model in a row of operators, and the ranks that may run it.
struct plan_problem {
  std::vector<operator_cost> operators;
  std::vector<std::uint64_t> live_bytes;  ///< [operators + 1]: what travels if there is a cut
                                          ///< before an operator; first an item, last a result
  std::vector<rank_profile> ranks;        ///< the first is the root, which has source and sink
  link_cost same_host;
  link_cost network;
};

/// Operators [first, last) on each of `ranks`.
struct stage_placement {
  std::size_t first = 0;
  std::size_t last = 0;
  std::vector<std::size_t> ranks;  ///< places in `plan_problem::ranks`
};

/// What a rank of a stage does for each item that it gets.
struct seat_cost {
  std::size_t rank = 0;
  double compute_s = 0;
  double in_s = 0;   ///< to move what comes in
  double out_s = 0;  ///< to move what goes out
  double period_s = 0;

  double rate() const { return 1 / period_s; }
};

/// A stage of a plan.
struct planned_stage {
  std::size_t first = 0;
  std::size_t last = 0;
  std::vector<seat_cost> seats;
  std::uint64_t memory_bytes = 0;  ///< that each of its ranks needs
  double rate = 0;                 ///< items a second of all its ranks together
};

/// How a model is spread, and what that is expected to give.
struct plan {
  std::vector<planned_stage> stages;
  double rate = 0;             ///< items a second
  std::size_t bottleneck = 0;  ///< the stage that bounds it
  bool is_root_link = false;   ///< not its ranks, but the link between them and the root does
  double bound = 0;            ///< no plan is faster; 0: all plans have been looked at, none is

  std::size_t n_ranks() const {
    std::size_t n = 0;
    for (const planned_stage& stage : stages) n += stage.seats.size();
    return n;
  }
};

/// Which plans are looked at.
struct plan_limits {
  std::uint32_t most_replicas = 0;  ///< ranks of a stage; 0: any number
  std::uint32_t n_stages = 0;       ///< 0: any number
  std::vector<std::size_t> cuts =
      {};                   ///< before these operators, and nowhere else; empty: anywhere
  double tolerance = 0.03;  ///< ranks of one host whose times differ by less count as equal
  double effort = 1;        ///< what a search may cost at most: 1 is some 0.2 s and 100 MB
};

}  // namespace rankwise::inference
