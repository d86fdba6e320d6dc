// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/error.hpp>

#include "inference/graph.hpp"
#include "inference/model/onnx_reader.hpp"
#include "mobilenet/picture_stage.hpp"
#include "mobilenet/settings.hpp"

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

/// Throws: config_error if `model`, of the file `name`, does not take coloured pictures, or gives
/// something else than a number for each class.
inline classifier as_classifier(const inference::graph& model, const std::string& name) {
  const auto& input = model.values[model.inputs.front()].shape;
  const auto& output = model.values[model.outputs.front()].shape;
  const auto refuse = [&name](const char* what, const auto& shape, const char* accepted) {
    throw rankwise::config_error(fmt::format(
        "{}: {} [{}]; accepted for pictures: {}", name, what, fmt::join(shape, ", "), accepted));
  };
  if (input.size() != 4 || input[1] != 3) refuse("its input is", input, "[1, 3, height, width]");
  const std::uint64_t n_classes = inference::n_elements(output);
  const bool is_row = std::count_if(output.begin(), output.end(), [](std::uint64_t size) {
                        return size != 1;
                      }) <= 1;
  if (model.outputs.size() != 1 || !is_row) refuse("its output is", output, "one, [1, classes]");
  const bool has_softmax = std::any_of(
      model.operators.begin(), model.operators.end(), [&](const inference::operator_node& node) {
        return node.output == model.outputs.front() &&
               std::holds_alternative<inference::softmax>(node.what);
      });
  return {{.width = static_cast<std::uint32_t>(input[3]),
           .height = static_cast<std::uint32_t>(input[2])},
          n_classes,
          !has_softmax};
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
