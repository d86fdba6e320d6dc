// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/error.hpp>

#include "inference/graph.hpp"
#include "inference/model/onnx_reader.hpp"
#include "mobilenet/settings.hpp"
#include "mobilenet/stages/picture_stage.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace mobilenet {

namespace inference = rankwise::inference;

/// Throws: config_error if --model is missing, or is no model that can be run.
inline inference::graph read_model(const settings& asked) {
  if (asked.model.empty())
    throw rankwise::config_error(
        "--model is missing; accepted: an ONNX file; make-model makes one");
  return inference::read_onnx_file(asked.model);
}

/// What a model makes of pictures.
struct classifier {
  picture_stage reader;         ///< pictures in its size
  std::uint64_t n_classes = 0;  ///< its output
  bool gives_scores = false;    ///< not probabilities: they become such by a softmax
};

/// Whether the output of `model` is that of a softmax, perhaps in another shape.
inline bool ends_with_softmax(const inference::graph& model) {
  std::uint32_t value = model.outputs.front();
  for (auto node = model.operators.rbegin(); node != model.operators.rend(); ++node) {
    if (node->output != value) continue;
    if (std::holds_alternative<inference::softmax>(node->what)) return true;
    const bool moves_numbers = std::holds_alternative<inference::reshape>(node->what) ||
                               std::holds_alternative<inference::transposition>(node->what);
    if (!moves_numbers) return false;
    value = node->inputs.front();
  }
  return false;
}

/// Throws: config_error if `model`, of the file `name`, does not take pictures, coloured or grey,
/// or gives something else than a number for each class.
inline classifier as_classifier(const inference::graph& model, const std::string& name) {
  const auto& input = model.values[model.inputs.front()].shape;
  const auto& output = model.values[model.outputs.front()].shape;
  const auto refuse = [&name](const char* what, const auto& shape, const char* accepted) {
    throw rankwise::config_error(fmt::format(
        "{}: {} [{}]; accepted for pictures: {}", name, what, fmt::join(shape, ", "), accepted));
  };
  if (input.size() != 4 || (input[1] != 3 && input[1] != 1))
    refuse("its input is", input, "[1, 3, height, width], or 1 channel for grey ones");
  const std::uint64_t n_classes = inference::n_elements(output);
  const bool is_row = std::count_if(output.begin(), output.end(), [](std::uint64_t size) {
                        return size != 1;
                      }) <= 1;
  if (model.outputs.size() != 1 || !is_row) refuse("its output is", output, "one, [1, classes]");
  return {{.width = static_cast<std::uint32_t>(input[3]),
           .height = static_cast<std::uint32_t>(input[2]),
           .is_grey = input[1] == 1},
          n_classes,
          !ends_with_softmax(model)};
}

/// Scores as probabilities: exp(score), in proportion.
inline void apply_softmax(std::vector<float>& scores) {
  const float most = *std::max_element(scores.begin(), scores.end());
  double sum = 0;
  for (float& score : scores) {
    score = std::exp(score - most);
    sum += static_cast<double>(score);
  }
  for (float& score : scores) score = static_cast<float>(static_cast<double>(score) / sum);
}

}  // namespace mobilenet
