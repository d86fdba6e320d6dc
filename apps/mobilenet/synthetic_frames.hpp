// SPDX-License-Identifier: MIT
#pragma once

#include "mobilenet/frame.hpp"
#include "mobilenet/model_stage.hpp"
#include "mobilenet/settings.hpp"

#include <cstddef>
#include <cstdint>
#include <utility>
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

/// Some pictures that are made once, and sent over and over.
class synthetic_frames {
 public:
  synthetic_frames(std::size_t n_bytes, const settings& asked) {
    constexpr std::uint64_t n_different = 4;
    const pixel_floats to_floats(asked.pixels);
    for (std::uint64_t i = 0; i < n_different; ++i) {
      frame made;
      made.bytes = synthetic_pixels(n_bytes, i);
      if (asked.float_input) made.values = to_floats(std::exchange(made.bytes, {}));
      frames_.push_back(std::move(made));
    }
  }

  const frame& operator[](std::uint64_t number) const { return frames_[number % frames_.size()]; }

 private:
  std::vector<frame> frames_;
};

}  // namespace mobilenet
