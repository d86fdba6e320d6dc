// SPDX-License-Identifier: MIT
#pragma once

#include "inference/plan/problem.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace rankwise::inference {

/// Which kind of link a stage has to its neighbour.
enum class link_class : std::uint8_t {
  ends,       ///< to source or sink, on the root: each rank by itself, whether it is on its host
  same_host,  ///< all ranks of both stages are on one host
  network     ///< not all: the worst of the links counts
};

/// The memory that operators [first, last) take on a rank: weights, and the largest values at once.
std::uint64_t memory_of(const plan_problem& problem, std::size_t first, std::size_t last);

/// What a rank does for an item of operators [first, last), with links of these classes.
///
/// A transfer that does not overlap adds to the time of computing; one that does goes on beside it,
/// so the longest of the three counts.
seat_cost cost_of(const plan_problem& problem,
                  std::size_t rank,
                  std::size_t first,
                  std::size_t last,
                  link_class in,
                  link_class out);

/// Items a second that the root's own link lets through to ranks on other hosts, for a stage with
/// these links; infinity where it does not matter.
double root_link_rate(const plan_problem& problem, link_class in, link_class out);

/// What such a spread gives: a stage has the rates of its ranks together, the whole that of its
/// slowest stage.
///
/// Throws: std::invalid_argument unless the stages cover the operators once, in order, with ranks
/// that are there, each once.
plan evaluate(const plan_problem& problem, const std::vector<stage_placement>& stages);

}  // namespace rankwise::inference
