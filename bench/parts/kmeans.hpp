// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/random.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

/// k-means over points that are made by a seed, for whoever hands out its parts.
namespace bench::kmeans {

inline constexpr std::size_t n_dimensions = 16;
inline constexpr std::size_t n_centres = 32;

using point = std::array<float, n_dimensions>;
using part = std::vector<point>;

/// For each dimension the coordinates of all centres, so that distances to all are computed at
/// once.
using centre_table = std::array<std::array<float, n_centres>, n_dimensions>;

/// Sums of the points that are nearest to each centre. All are floats, which also hold the numbers
/// of points (below 2^24) exactly, so that one MPI_Allreduce takes them.
struct sums {
  std::array<point, n_centres> totals;
  std::array<float, n_centres> n_points;
};

/// A point of one of as many clouds as there are centres. Neighbouring clouds overlap.
inline point make_point(rankwise::random_stream& random, std::uint32_t cloud) {
  rankwise::random_stream place(2, cloud);
  const auto fraction = [](rankwise::random_stream& from) {
    return static_cast<float>(from() >> 8U) * 0x1p-24F;
  };
  point made;
  for (float& coordinate : made) coordinate = fraction(place) + fraction(random);
  return made;
}

/// Points in clouds, in no order.
inline part make_part(std::uint64_t number, std::uint64_t n_points) {
  rankwise::random_stream random(1, number);
  part points;
  points.reserve(n_points);
  while (points.size() < n_points) points.push_back(make_point(random, random() % n_centres));
  return points;
}

/// A point of each cloud.
inline centre_table first_centres() {
  rankwise::random_stream random(3, 0);
  centre_table centres;
  for (std::uint32_t k = 0; k < n_centres; ++k) {
    const point start = make_point(random, k);
    for (std::size_t d = 0; d < n_dimensions; ++d) centres[d][k] = start[d];
  }
  return centres;
}

/// Not inlined, so that all who call it run the same machine code.
[[gnu::noinline]] inline sums sum_up(const part& points, const centre_table& centres) {
  sums all{};
  for (const point& each : points) {
    std::array<float, n_centres> distances{};
    for (std::size_t d = 0; d < n_dimensions; ++d) {
      for (std::size_t k = 0; k < n_centres; ++k) {
        const float difference = each[d] - centres[d][k];
        distances[k] += difference * difference;
      }
    }
    const auto nearest = static_cast<std::size_t>(
        std::min_element(distances.begin(), distances.end()) - distances.begin());
    for (std::size_t d = 0; d < n_dimensions; ++d) all.totals[nearest][d] += each[d];
    all.n_points[nearest] += 1;
  }
  return all;
}

inline sums add(sums left, const sums& right) {
  for (std::size_t k = 0; k < n_centres; ++k) {
    for (std::size_t d = 0; d < n_dimensions; ++d) left.totals[k][d] += right.totals[k][d];
    left.n_points[k] += right.n_points[k];
  }
  return left;
}

/// Each centre goes where the mean of its points is; one that has none stays.
inline void move_centres(centre_table& centres, const sums& all) {
  for (std::size_t k = 0; k < n_centres; ++k) {
    if (all.n_points[k] == 0) continue;
    for (std::size_t d = 0; d < n_dimensions; ++d)
      centres[d][k] = all.totals[k][d] / all.n_points[k];
  }
}

}  // namespace bench::kmeans
