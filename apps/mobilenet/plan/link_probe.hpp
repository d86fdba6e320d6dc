// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/pipeline.hpp>
#include <rankwise/rankwise.hpp>

#include "inference/plan/problem.hpp"
#include "mobilenet/plan/link_pairs.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace mobilenet {

namespace inference = rankwise::inference;

/// A stage that sends as many bytes as it is told to.
struct talking_stage {
  std::vector<std::uint8_t> operator()(std::uint32_t n_bytes) const {
    return std::vector<std::uint8_t>(n_bytes, std::uint8_t{1});
  }
};

/// A stage that takes them in.
struct listening_stage {
  std::uint32_t operator()(const std::vector<std::uint8_t>& bytes) const {
    return static_cast<std::uint32_t>(bytes.size());
  }
};

/// Measures links as a pipeline uses them: what it takes to encode, move and decode a message while
/// others are under way.
class link_probe {
 public:
  link_probe(const rankwise::pool& ranks, const link_pair& pair)
      : line_(ranks.make_pipeline<std::uint32_t>(
            rankwise::stage(talking_stage{}, {.ranks = {rankwise::to_rank(pair.from)}}),
            rankwise::stage(listening_stage{}, {.ranks = {rankwise::to_rank(pair.to)}}))) {}

  inference::link_cost measure() const {
    constexpr std::uint32_t small = 64;
    constexpr std::uint32_t large = 128 * 1024;
    inference::link_cost cost;
    cost.latency_s = period(small);
    const double more = period(large) - cost.latency_s;
    if (more > 0) cost.bytes_per_s = (large - small) / more;
    return cost;
  }

 private:
  using clock = std::chrono::steady_clock;

  /// Seconds from one message of this size to the next: the middle of three rows of them, since
  /// a disturbance makes one too slow, and what buffers take in at once too fast.
  double period(std::uint32_t n_bytes) const {
    std::array<double, 3> rows{};
    for (double& row : rows) row = row_of(n_bytes);
    std::sort(rows.begin(), rows.end());
    return rows[1];
  }

  double row_of(std::uint32_t n_bytes) const {
    constexpr std::uint64_t at_least = 12;
    constexpr std::uint64_t at_most = 200;
    constexpr std::chrono::milliseconds long_enough{4};
    const clock::time_point begun = clock::now();
    std::uint64_t n_sent = 0;
    std::uint64_t n_come = 0;
    clock::time_point first;
    clock::time_point last;
    line_.run(
        [&]() -> std::optional<std::uint32_t> {
          if (n_sent >= at_least && (n_sent == at_most || clock::now() - begun > long_enough))
            return std::nullopt;
          ++n_sent;
          return n_bytes;
        },
        [&](std::uint32_t) {
          last = clock::now();
          if (n_come++ == 0) first = last;
        },
        {.in_flight = 4});
    return std::chrono::duration<double>(last - first).count() / static_cast<double>(n_come - 1);
  }

  rankwise::pipeline<std::uint32_t, std::uint32_t> line_;
};

/// The slowest of each class of links.
struct link_costs {
  inference::link_cost same_host;
  inference::link_cost network;
};

/// Measures some links of each class; those between hosts work beside computing, a message within
/// a host is copied by the processors at its ends.
inline link_costs measure_links(const rankwise::pool& ranks,
                                const std::vector<std::string>& hosts) {
  constexpr std::size_t most = 8;
  link_costs worst;
  worst.network.overlaps = true;
  for (const link_pair& pair : link_pairs(hosts, most)) {
    const inference::link_cost found = link_probe(ranks, pair).measure();
    inference::link_cost& of_class = pair.is_network ? worst.network : worst.same_host;
    of_class.latency_s = std::max(of_class.latency_s, found.latency_s);
    of_class.bytes_per_s = std::min(of_class.bytes_per_s, found.bytes_per_s);
  }
  return worst;
}

}  // namespace mobilenet
