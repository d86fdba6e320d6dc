// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/random.hpp>

#include "support/machine.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

namespace bench {

/// Exponentially distributed with mean 1; depends on the seed and the index alone.
inline double exponential(std::uint64_t seed, std::uint64_t index) {
  rankwise::random_stream stream(seed, index);
  constexpr double n_values = 4294967296.0;
  return -std::log((stream() + 0.5) / n_values);
}

/// Work of a fixed number of rounds, each of which waits for the one before: some nanoseconds a
/// round, the same on every rank. No clock is read, so that a slow core needs longer for it.
/// Source: the linear congruential generator of Knuth's MMIX.
inline std::uint64_t burn(std::uint64_t state, std::uint64_t n_rounds) {
  for (std::uint64_t round = 0; round < n_rounds; ++round)
    state = state * 6364136223846793005U + 1442695040888963407U;
  return state;
}

/// Rounds of `burn` in a second of CPU time on this core: the median of nine tries.
inline double rounds_a_second() {
  constexpr std::uint64_t n_rounds = 20'000'000;
  std::array<double, 9> rates{};
  for (double& rate : rates) {
    const double begun = thread_cpu_s();
    const volatile std::uint64_t kept = burn(static_cast<std::uint64_t>(begun * 1e9), n_rounds);
    static_cast<void>(kept);
    rate = static_cast<double>(n_rounds) / (thread_cpu_s() - begun);
  }
  std::nth_element(rates.begin(), rates.begin() + rates.size() / 2, rates.end());
  return rates[rates.size() / 2];
}

}  // namespace bench
