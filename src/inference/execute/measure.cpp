// SPDX-License-Identifier: MIT
#include "inference/execute/measure.hpp"

#include "inference/execute/executor.hpp"
#include "inference/model/cut_points.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <limits>
#include <numeric>

namespace rankwise::inference {

namespace {

/// Small numbers that are neither 0 nor denormal: these would take other times.
void make_up_weights(graph& part) {
  for (weight& one : part.weights) {
    if (!one.data.empty()) continue;
    one.data.resize(n_elements(one.shape));
    for (std::size_t i = 0; i < one.data.size(); ++i)
      one.data[i] = 0.01F * (static_cast<float>(i % 13) - 6.5F);
  }
}

std::vector<double> measure_piece(const graph& piece, std::uint32_t n_runs) {
  executor runs(piece);
  std::vector<double> least(piece.operators.size());
  runs.time(least);  // nothing is less than 0: this one warms up
  std::fill(least.begin(), least.end(), std::numeric_limits<double>::infinity());
  double shortest = std::numeric_limits<double>::infinity();
  for (std::uint32_t run = 0; run < n_runs; ++run) {
    const auto begun = std::chrono::steady_clock::now();
    runs.time(least);
    const auto ended = std::chrono::steady_clock::now();
    shortest = std::min(shortest, std::chrono::duration<double>(ended - begun).count());
  }
  const double sum = std::accumulate(least.begin(), least.end(), 0.0);
  for (double& one : least) one *= shortest / sum;
  return least;
}

/// Where the next piece ends that begins at `first`: as much as there is memory for, and one
/// operator at least.
std::size_t end_of_piece(const graph& skeleton, std::size_t first, std::uint64_t memory_bytes) {
  if (memory_bytes == 0) return skeleton.operators.size();
  std::uint64_t n_bytes = 0;
  std::size_t end = first;
  while (end < skeleton.operators.size()) {
    n_bytes += 2 * weight_bytes(skeleton, end) + activation_bytes(skeleton, end);
    if (n_bytes > memory_bytes && end != first) break;
    ++end;
  }
  return end;
}

}  // namespace

std::vector<double> measure_operators(const graph& skeleton, const measure_options& how) {
  std::vector<double> seconds;
  for (std::size_t first = 0; first < skeleton.operators.size();) {
    const std::size_t end = end_of_piece(skeleton, first, how.memory_bytes);
    graph piece = part_of(skeleton, first, end);
    make_up_weights(piece);
    const std::vector<double> measured = measure_piece(piece, how.n_runs);
    seconds.insert(seconds.end(), measured.begin(), measured.end());
    first = end;
  }
  return seconds;
}

}  // namespace rankwise::inference
