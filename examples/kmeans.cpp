// SPDX-License-Identifier: MIT
// pool.place: points that stay on the ranks where they were made. In each round of k-means only the
// centres go there, and sums come back.
#include <rankwise/parts.hpp>
#include <rankwise/program.hpp>
#include <rankwise/rankwise.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <ranges>
#include <vector>

struct point {
  double x = 0;
  double y = 0;

  bool operator==(const point&) const = default;
};

/// The points that are nearest to one centre.
struct cluster {
  point sum;
  std::uint64_t n_points = 0;
};

/// Makes a part: houses, each in one of four towns, of which the first is the largest.
std::vector<point> make_points(std::uint64_t number) {
  constexpr std::array<point, 4> towns{{{1, 1}, {8, 2}, {3, 9}, {7, 6}}};
  rankwise::random_stream random(1, number);
  const auto offset = [&] { return (random() * 0x1p-32 + random() * 0x1p-32 - 1) * 3; };
  std::vector<point> points(1000);
  for (point& each : points) {
    const point town = towns[random() % 5 % 4];
    each = {town.x + offset(), town.y + offset()};
  }
  return points;
}

/// Adds each point of a part to the centre that is nearest to it.
std::vector<cluster> sum_up(const std::vector<point>& points, const std::vector<point>& centres) {
  std::vector<cluster> clusters(centres.size());
  for (const point& each : points) {
    const auto distance_to = [&](const point& centre) {
      const double dx = each.x - centre.x;
      const double dy = each.y - centre.y;
      return dx * dx + dy * dy;
    };
    const auto nearest = std::ranges::min_element(centres, {}, distance_to) - centres.begin();
    cluster& its = clusters[static_cast<std::size_t>(nearest)];
    its.sum = {its.sum.x + each.x, its.sum.y + each.y};
    ++its.n_points;
  }
  return clusters;
}

std::vector<cluster> add(std::vector<cluster> left, const std::vector<cluster>& right) {
  for (std::size_t i = 0; i < left.size(); ++i) {
    left[i].sum = {left[i].sum.x + right[i].sum.x, left[i].sum.y + right[i].sum.y};
    left[i].n_points += right[i].n_points;
  }
  return left;
}

int main(int argc, char** argv) {
  std::uint64_t n_parts = 64;
  rankwise::program program;
  program.name = "kmeans";
  program.summary = "finds the centres of four towns from where their houses are";
  program.options.add_options()(
      "parts", rankwise::whole_number(n_parts, 1U), "of 1,000 houses each (default: 64)");
  return rankwise::run(argc, argv, program, [&](rankwise::pool& pool) {
    const auto parts =
        pool.place(std::views::iota(std::uint64_t{0}, n_parts), rankwise::fn<make_points>);
    std::vector<point> centres{{4, 4}, {5, 4}, {4, 5}, {5, 5}};
    std::vector<cluster> clusters;
    // Sums come out the same to the bit on any number of ranks: so the centres come to rest.
    for (std::vector<point> before; centres != before;) {
      before = centres;
      clusters = pool.reduce(parts,
                             std::vector<cluster>(centres.size()),
                             rankwise::fn<add>,
                             rankwise::with(centres)(rankwise::fn<sum_up>));
      for (std::size_t i = 0; i < centres.size(); ++i) {
        const auto n = static_cast<double>(clusters[i].n_points);
        if (n > 0) centres[i] = {clusters[i].sum.x / n, clusters[i].sum.y / n};
      }
    }
    for (std::size_t i = 0; i < centres.size(); ++i)
      fmt::print("{:.3f} {:.3f}: {} houses\n", centres[i].x, centres[i].y, clusters[i].n_points);
  });
}
