// SPDX-License-Identifier: MIT
// The travelling salesman by branch and bound: what examples/salesman.cpp searches with.
#pragma once

#include <rankwise/random.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <tuple>

namespace salesman {

constexpr std::uint32_t most_cities = 20;

using city = std::uint8_t;
using length = std::uint32_t;
using path = std::array<city, most_cities>;

constexpr length endless = UINT32_MAX;

/// Cities, and the way between each two.
struct map {
  std::uint32_t n = 0;
  std::array<std::array<length, most_cities>, most_cities> between{};
  std::array<path, most_cities> nearest{};  ///< the cities by their distance from each
};

/// Cities in a square, by chance.
inline map make_map(std::uint32_t n, std::uint64_t seed) {
  constexpr std::uint32_t width = 1'000'000;
  rankwise::random_stream chance(seed, 0);
  std::array<std::array<double, 2>, most_cities> places{};
  map made{n};
  for (std::uint32_t i = 0; i < n; ++i)
    places[i] = {static_cast<double>(chance() % width), static_cast<double>(chance() % width)};
  for (std::uint32_t i = 0; i < n; ++i) {
    for (std::uint32_t j = 0; j < n; ++j) {
      made.between[i][j] = static_cast<length>(
          std::lround(std::hypot(places[i][0] - places[j][0], places[i][1] - places[j][1])));
      made.nearest[i][j] = static_cast<city>(j);
    }
    std::sort(made.nearest[i].begin(), made.nearest[i].begin() + n, [&](city one, city other) {
      return std::tuple(made.between[i][one], one) < std::tuple(made.between[i][other], other);
    });
  }
  return made;
}

/// A tour: from city 0 through all and back. Of two that are equally long the first by its path is
/// the better one, so that there is one best.
struct tour {
  length total = endless;
  path cities{};

  bool operator<(const tour& other) const {
    return std::tie(total, cities) < std::tie(other.total, other.cities);
  }
};

inline tour better(const tour& left, const tour& right) {
  return std::min(left, right);
}

/// The beginning of tours.
struct beginning {
  std::uint32_t n = 1;
  std::uint32_t visited = 1;  // a bit for each city
  length so_far = 0;
  path cities{};

  city last() const { return cities[n - 1]; }

  beginning then(const map& all, city next) const {
    beginning longer = *this;
    longer.cities[longer.n++] = next;
    longer.visited |= 1U << next;
    longer.so_far += all.between[last()][next];
    return longer;
  }
};

/// No tour that begins so is shorter: each city that is to be left is left for the nearest there
/// is. Of a whole tour it is the length.
inline length least_total(const map& all, const beginning& of) {
  if (of.n == all.n) return of.so_far + all.between[of.last()][0];
  length total = of.so_far;
  for (std::uint32_t i = 0; i < all.n; ++i) {
    if ((of.visited & 1U << i) != 0 && i != of.last()) continue;
    for (std::uint32_t k = 1; k < all.n; ++k) {
      const city next = all.nearest[i][k];
      if ((of.visited & 1U << next) != 0 && (next != 0 || i == of.last())) continue;
      total += all.between[i][next];
      break;
    }
  }
  return total;
}

/// Calls `use` with each beginning that is longer by one city, the one by the nearest last.
template <class Use>
void make_longer(const map& all, const beginning& from, Use use) {
  for (std::uint32_t k = all.n - 1; k >= 1; --k) {
    const city next = all.nearest[from.last()][k];
    if ((from.visited & 1U << next) == 0) use(from.then(all, next));
  }
}

/// The best tour that begins so, unless that is worse than what is known. `best` has
/// `worth(length)` and `offer(length)`.
template <class Best>
void search(const map& all, const beginning& from, const Best& best, tour& found) {
  if (!best.worth(least_total(all, from))) return;
  if (from.n == all.n) {
    const tour whole{least_total(all, from), from.cities};
    best.offer(whole.total);
    found = better(found, whole);
    return;
  }
  for (std::uint32_t k = 1; k < all.n; ++k) {
    const city next = all.nearest[from.last()][k];
    if ((from.visited & 1U << next) == 0) search(all, from.then(all, next), best, found);
  }
}

}  // namespace salesman
