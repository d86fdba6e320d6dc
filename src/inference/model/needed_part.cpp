// SPDX-License-Identifier: MIT
#include "inference/model/needed_part.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace rankwise::inference {

graph needed_part(graph whole) {
  std::vector<bool> is_needed(whole.values.size());
  for (const std::uint32_t value : whole.outputs) is_needed[value] = true;
  std::vector<operator_node> kept;
  for (auto node = whole.operators.rbegin(); node != whole.operators.rend(); ++node) {
    if (!is_needed[node->output]) continue;
    for (const std::uint32_t value : node->inputs) is_needed[value] = true;
    kept.push_back(std::move(*node));
  }
  std::reverse(kept.begin(), kept.end());
  whole.operators = std::move(kept);

  // What is left gets new numbers.
  std::vector<std::uint32_t> new_value(whole.values.size(), no_weight);
  std::vector<std::uint32_t> new_weight_place(whole.weights.size(), no_weight);
  std::vector<value_info> values;
  std::vector<weight> weights;
  for (std::size_t value = 0; value < whole.values.size(); ++value) {
    const bool is_input =
        std::find(whole.inputs.begin(), whole.inputs.end(), value) != whole.inputs.end();
    if (!is_needed[value] && !is_input) continue;
    new_value[value] = static_cast<std::uint32_t>(values.size());
    values.push_back(std::move(whole.values[value]));
  }
  for (operator_node& node : whole.operators) {
    for (std::uint32_t& value : node.inputs) value = new_value[value];
    node.output = new_value[node.output];
    for (std::uint32_t* const place : {&node.weights, &node.bias}) {
      if (*place == no_weight) continue;
      if (new_weight_place[*place] == no_weight) {
        new_weight_place[*place] = static_cast<std::uint32_t>(weights.size());
        weights.push_back(std::move(whole.weights[*place]));
      }
      *place = new_weight_place[*place];
    }
  }
  for (std::uint32_t& value : whole.inputs) value = new_value[value];
  for (std::uint32_t& value : whole.outputs) value = new_value[value];
  whole.values = std::move(values);
  whole.weights = std::move(weights);
  return whole;
}

}  // namespace rankwise::inference
