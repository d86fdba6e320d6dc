// SPDX-License-Identifier: MIT
#pragma once

#include "mobilenet/settings.hpp"
#include "mobilenet/stages/frame.hpp"
#include "mobilenet/stages/model_stage.hpp"
#include "mobilenet/stages/synthetic_pixels.hpp"

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace mobilenet {

/// Some pictures that are made once, and sent over and over.
class synthetic_frames {
 public:
  synthetic_frames(const inference::graph& model, const settings& asked) {
    const std::size_t n_bytes = inference::n_elements(model.values[model.inputs.front()].shape);
    const pixel_floats to_floats(asked.pixels);
    for (std::uint64_t i = 0; i < n_synthetic_pictures; ++i) {
      frame made;
      made.bytes = synthetic_pixels(n_bytes, i);
      if (asked.float_input)
        made.values = to_floats(std::exchange(made.bytes, {}), takes_colours(model));
      frames_.push_back(std::move(made));
    }
  }

  const frame& operator[](std::uint64_t number) const { return frames_[number % frames_.size()]; }

 private:
  std::vector<frame> frames_;
};

}  // namespace mobilenet
