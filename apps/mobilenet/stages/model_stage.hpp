// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/rankwise.hpp>

#include "inference/execute/executor.hpp"
#include "inference/graph.hpp"
#include "mobilenet/settings.hpp"
#include "mobilenet/stages/frame.hpp"
#include "mobilenet/stages/picture_stage.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace mobilenet {

namespace inference = rankwise::inference;

/// Whether a model, or its first part, takes pixels of three channels.
inline bool takes_colours(const inference::graph& model) {
  const std::vector<std::uint64_t>& shape = model.values[model.inputs.front()].shape;
  return shape.size() == 4 && shape[1] == 3;
}

/// The bytes of a picture as floats: (byte - mean) / scale, by channel.
class pixel_floats {
 public:
  explicit pixel_floats(const pixel_scale& pixels) {
    for (std::size_t channel = 0; channel < n_channels; ++channel) {
      for (std::size_t byte = 0; byte < n_bytes; ++byte)
        of_[channel][byte] =
            (static_cast<float>(byte) - pixels.mean[channel]) / pixels.scale[channel];
    }
  }

  /// Channels last; where a pixel has other than three channels, each is as the first of three.
  std::vector<float> operator()(const std::vector<std::uint8_t>& bytes, bool is_coloured) const {
    std::vector<float> values(bytes.size());
    if (!is_coloured) {
      for (std::size_t i = 0; i < bytes.size(); ++i) values[i] = of_[0][bytes[i]];
      return values;
    }
    for (std::size_t i = 0; i < bytes.size(); i += n_channels) {
      for (std::size_t channel = 0; channel < n_channels; ++channel)
        values[i + channel] = of_[channel][bytes[i + channel]];
    }
    return values;
  }

 private:
  static constexpr std::size_t n_channels = 3;
  static constexpr std::size_t n_bytes = 256;

  std::array<std::array<float, n_bytes>, n_channels> of_{};
};

/// Some operators of a model, ready to run on this rank.
class running_stage {
 public:
  running_stage(const inference::graph& part,
                const pixel_scale& pixels,
                const picture_stage& reader,
                const slow_rank& slow)
      : executor_(std::make_unique<inference::executor>(part)),
        is_coloured_(takes_colours(part)),
        to_floats_(pixels),
        reader_(reader),
        slow_(slow) {}

  frame operator()(rankwise::task_context& context, frame item) {
    if (reader_.width != 0) item = reader_(item);
    if (!item.error.empty()) return item;
    if (!item.bytes.empty()) item.values = to_floats_(item.bytes, is_coloured_);
    frame result;
    result.values.resize(executor_->n_outputs());
    const std::uint32_t n_times = slow_.factor_of(context.rank());
    for (std::uint32_t i = 0; i < n_times; ++i) executor_->run(item.values, result.values);
    return result;
  }

 private:
  std::unique_ptr<inference::executor> executor_;
  bool is_coloured_;
  pixel_floats to_floats_;
  picture_stage reader_;
  slow_rank slow_;
};

/// A stage that runs `part`; it is made on its rank, and holds no more than that of the model.
struct model_stage {
  inference::graph part;
  pixel_scale pixels;
  picture_stage reader;  ///< reads pictures first, if it has a size
  slow_rank slow;

  running_stage operator()() const { return {part, pixels, reader, slow}; }
};

}  // namespace mobilenet
