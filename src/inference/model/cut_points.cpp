// SPDX-License-Identifier: MIT
#include "inference/model/cut_points.hpp"

#include <rankwise/error.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <utility>

namespace rankwise::inference {

namespace {

constexpr std::uint32_t unnumbered = no_weight;

void require_position(const graph& whole, std::size_t position) {
  if (position <= whole.operators.size()) return;
  throw config_error(fmt::format("a cut before operator {}: accepted: 0 to {}, the model's end",
                                 position,
                                 whole.operators.size()));
}

/// Makes one part; `take_weight` gives it the weight at a place of the whole.
class part_maker {
 public:
  part_maker(const graph& whole, std::size_t first, std::size_t last)
      : whole_(&whole), first_(first), last_(last) {}

  graph make(const std::function<weight(std::uint32_t)>& take_weight) const {
    graph part;
    const std::vector<std::uint32_t> inputs =
        first_ == 0 ? whole_->inputs : live_values(*whole_, first_);
    const std::vector<std::uint32_t> outputs =
        last_ == whole_->operators.size() ? whole_->outputs : live_values(*whole_, last_);
    std::vector<std::uint32_t> new_value(whole_->values.size(), unnumbered);
    for (const std::uint32_t value : inputs) new_value[value] = 0;
    for (std::size_t i = first_; i < last_; ++i) new_value[whole_->operators[i].output] = 0;
    for (std::size_t value = 0; value < new_value.size(); ++value) {
      if (new_value[value] == unnumbered) continue;
      new_value[value] = static_cast<std::uint32_t>(part.values.size());
      part.values.push_back(whole_->values[value]);
    }
    const auto renumber = [&new_value](std::vector<std::uint32_t> places) {
      for (std::uint32_t& place : places) place = new_value[place];
      return places;
    };
    part.inputs = renumber(inputs);
    part.outputs = renumber(outputs);

    std::vector<std::uint32_t> new_weight(whole_->weights.size(), unnumbered);
    const auto move_over = [&](std::uint32_t& place) {
      if (place == no_weight) return;
      if (new_weight[place] == unnumbered) {
        new_weight[place] = static_cast<std::uint32_t>(part.weights.size());
        part.weights.push_back(take_weight(place));
      }
      place = new_weight[place];
    };
    part.operators.reserve(last_ - first_);
    for (std::size_t i = first_; i < last_; ++i) {
      operator_node node = whole_->operators[i];
      node.inputs = renumber(std::move(node.inputs));
      node.output = new_value[node.output];
      move_over(node.weights);
      move_over(node.bias);
      part.operators.push_back(std::move(node));
    }
    return part;
  }

 private:
  const graph* whole_;
  std::size_t first_;
  std::size_t last_;
};

void require_range(const graph& whole, std::size_t first, std::size_t last) {
  if (first < last && last <= whole.operators.size()) return;
  throw config_error(
      fmt::format("a part from operator {} to before {}: accepted: one operator or more of 0 to {}",
                  first,
                  last,
                  whole.operators.size()));
}

/// For each weight the last of the parts that need it.
std::vector<std::size_t> last_users(const graph& whole, std::span<const std::size_t> cuts) {
  std::vector<std::size_t> last(whole.weights.size(), 0);
  std::size_t part = 0;
  for (std::size_t i = 0; i < whole.operators.size(); ++i) {
    if (part < cuts.size() && cuts[part] == i) ++part;
    const operator_node& node = whole.operators[i];
    if (node.weights != no_weight) last[node.weights] = part;
    if (node.bias != no_weight) last[node.bias] = part;
  }
  return last;
}

}  // namespace

std::vector<std::uint32_t> live_values(const graph& whole, std::size_t position) {
  require_position(whole, position);
  std::vector<bool> is_live(whole.values.size(), false);
  for (const std::uint32_t value : whole.outputs) is_live[value] = true;
  for (std::size_t i = position; i < whole.operators.size(); ++i) {
    for (const std::uint32_t value : whole.operators[i].inputs) is_live[value] = true;
  }
  for (std::size_t i = position; i < whole.operators.size(); ++i) {
    is_live[whole.operators[i].output] = false;  // made behind the cut
  }
  std::vector<std::uint32_t> live;
  for (std::uint32_t value = 0; value < is_live.size(); ++value) {
    if (is_live[value]) live.push_back(value);
  }
  return live;
}

std::uint64_t live_bytes(const graph& whole, std::size_t position) {
  std::uint64_t bytes = 0;
  for (const std::uint32_t value : live_values(whole, position)) {
    bytes += n_bytes(whole.values[value]);
  }
  return bytes;
}

graph part_of(const graph& whole, std::size_t first, std::size_t last) {
  require_range(whole, first, last);
  return part_maker(whole, first, last).make([&whole](std::uint32_t place) {
    return whole.weights[place];
  });
}

graph part_of(graph&& whole, std::size_t first, std::size_t last) {
  require_range(whole, first, last);
  return part_maker(whole, first, last).make([&whole](std::uint32_t place) {
    return std::move(whole.weights[place]);
  });
}

std::vector<graph> split(graph&& whole, std::span<const std::size_t> cuts) {
  std::vector<std::size_t> bounds{0};
  bounds.insert(bounds.end(), cuts.begin(), cuts.end());
  bounds.push_back(whole.operators.size());
  for (std::size_t i = 0; i + 1 < bounds.size(); ++i) {
    require_range(whole, bounds[i], bounds[i + 1]);
  }
  const std::vector<std::size_t> last_user = last_users(whole, cuts);
  std::vector<graph> parts;
  parts.reserve(bounds.size() - 1);
  for (std::size_t i = 0; i + 1 < bounds.size(); ++i) {
    parts.push_back(
        part_maker(whole, bounds[i], bounds[i + 1]).make([&](std::uint32_t place) -> weight {
          if (last_user[place] == i) return std::move(whole.weights[place]);
          return whole.weights[place];
        }));
  }
  return parts;
}

graph skeleton_of(const graph& whole) {
  graph skeleton{.values = whole.values,
                 .weights = {},
                 .operators = whole.operators,
                 .inputs = whole.inputs,
                 .outputs = whole.outputs};
  skeleton.weights.reserve(whole.weights.size());
  for (const weight& one : whole.weights) {
    skeleton.weights.push_back({.name = one.name, .shape = one.shape, .data = {}});
  }
  return skeleton;
}

std::uint64_t weight_bytes(const graph& whole, std::size_t place) {
  const operator_node& node = whole.operators.at(place);
  std::uint64_t bytes = 0;
  for (const std::uint32_t one : {node.weights, node.bias}) {
    if (one != no_weight) bytes += n_elements(whole.weights.at(one).shape) * sizeof(float);
  }
  return bytes;
}

std::uint64_t activation_bytes(const graph& whole, std::size_t place) {
  const operator_node& node = whole.operators.at(place);
  std::vector<std::uint32_t> values = node.inputs;
  values.push_back(node.output);
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  std::uint64_t bytes = 0;
  for (const std::uint32_t value : values) bytes += n_bytes(whole.values.at(value));
  return bytes;
}

}  // namespace rankwise::inference
