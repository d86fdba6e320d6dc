// SPDX-License-Identifier: MIT
#pragma once

#include "mobilenet/stages/synthetic_pixels.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <vector>

namespace bench {

/// The bytes of a picture as a model takes them, channels last: (byte - 127.5) / 127.5.
class to_floats {
 public:
  to_floats() {
    for (std::size_t byte = 0; byte < of_.size(); ++byte)
      of_[byte] = (static_cast<float>(byte) - 127.5F) / 127.5F;
  }

  void operator()(const std::vector<std::uint8_t>& bytes, float* values) const {
    for (std::size_t i = 0; i < bytes.size(); ++i) values[i] = of_[bytes[i]];
  }

 private:
  std::array<float, 256> of_{};
};

/// What a model makes of a picture.
using classify = std::function<std::vector<float>(const std::vector<std::uint8_t>&)>;

/// What a loop over made-up pictures has come to.
struct loop_result {
  double begun_s = 0;
  double ended_s = 0;
  std::size_t first_class = 0;
  float first_score = 0;
};

/// Seconds since some moment, the same for all processes of this machine.
inline double clock_s() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// Sends the pictures that `mobilenet bench` makes up through a model, one after the other.
inline loop_result loop(const classify& model, std::size_t n_bytes, std::uint32_t n_images) {
  std::vector<std::vector<std::uint8_t>> pictures;
  for (std::uint64_t i = 0; i < mobilenet::n_synthetic_pictures; ++i)
    pictures.push_back(mobilenet::synthetic_pixels(n_bytes, i));
  loop_result found;
  found.begun_s = clock_s();
  for (std::uint32_t i = 0; i < n_images; ++i) {
    const std::vector<float> scores = model(pictures[i % pictures.size()]);
    if (i != 0) continue;
    const auto most = std::max_element(scores.begin(), scores.end());
    found.first_class = static_cast<std::size_t>(most - scores.begin());
    found.first_score = *most;
  }
  found.ended_s = clock_s();
  return found;
}

/// A line of JSON, as `mobilenet bench --json` prints it.
inline void print_loops(const std::vector<loop_result>& all, std::uint32_t n_images) {
  double begun = all.front().begun_s;
  double ended = all.front().ended_s;
  for (const loop_result& one : all) {
    begun = std::min(begun, one.begun_s);
    ended = std::max(ended, one.ended_s);
  }
  const double n = static_cast<double>(n_images) * static_cast<double>(all.size());
  fmt::print(R"({{"images_per_s":{:.4f},"first":{{"class":{},"score":{:.9g}}}}})"
             "\n",
             n / (ended - begun),
             all.front().first_class,
             all.front().first_score);
}

}  // namespace bench
