// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace mobilenet {

/// The bytes of a made-up picture: the same on every machine, with no two pictures alike.
inline std::vector<std::uint8_t> synthetic_pixels(std::size_t n_bytes, std::uint64_t number) {
  std::vector<std::uint8_t> pixels(n_bytes);
  std::uint64_t state = 0x9e3779b97f4a7c15U * (number + 1);
  for (std::uint8_t& byte : pixels) {
    state ^= state << 13U;  // Marsaglia, "Xorshift RNGs" (2003)
    state ^= state >> 7U;
    state ^= state << 17U;
    byte = static_cast<std::uint8_t>(state >> 32U);
  }
  return pixels;
}

/// How many of them are made, and sent over and over.
inline constexpr std::uint64_t n_synthetic_pictures = 4;

}  // namespace mobilenet
