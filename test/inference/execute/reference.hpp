// SPDX-License-Identifier: MIT
#pragma once

#include "inference/graph.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <utility>
#include <variant>
#include <vector>

namespace rankwise::test {

/// A value of the reference: ONNX's order, in double; and for each number a bound of what rounding
/// to float, anywhere on the way, can have done to it.
struct reference_value {
  std::vector<double> numbers;
  std::vector<double> bounds;
};

/// A model run in the plainest way: loops over ONNX's definitions, in double.
class reference {
 public:
  explicit reference(const inference::graph& model) : model_(model) {}

  /// Shapes: inputs and the result are the model's inputs and outputs, each channels first.
  std::vector<reference_value> run(const std::vector<std::vector<float>>& inputs) {
    values_.assign(model_.values.size(), {});
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      reference_value& value = values_[model_.inputs[i]];
      value.numbers.assign(inputs[i].begin(), inputs[i].end());
      value.bounds.assign(inputs[i].size(), 0);
    }
    for (const inference::operator_node& node : model_.operators) {
      std::visit([&](const auto& what) { compute(what, node); }, node.what);
      reference_value& out = values_[node.output];
      for (double& one : out.numbers)
        one =
            std::min(std::max(one, static_cast<double>(node.low)), static_cast<double>(node.high));
    }
    std::vector<reference_value> outputs;
    for (const std::uint32_t output : model_.outputs) outputs.push_back(values_[output]);
    return outputs;
  }

 private:
  static constexpr double epsilon = std::numeric_limits<float>::epsilon();

  struct extent {
    std::int64_t channels = 1;
    std::int64_t height = 1;
    std::int64_t width = 1;
  };

  extent extent_of(std::uint32_t value) const {
    const std::vector<std::uint64_t>& shape = model_.values[value].shape;
    if (shape.size() != 4) return {static_cast<std::int64_t>(inference::n_elements(shape)), 1, 1};
    return {static_cast<std::int64_t>(shape[1]),
            static_cast<std::int64_t>(shape[2]),
            static_cast<std::int64_t>(shape[3])};
  }

  static std::size_t place(const extent& of, std::int64_t c, std::int64_t y, std::int64_t x) {
    return static_cast<std::size_t>((c * of.height + y) * of.width + x);
  }

  /// A sum of products, and what rounding does to it in any order.
  struct sum {
    double value = 0;
    double size = 0;   // of the terms
    double bound = 0;  // of what came in
    double n = 0;

    void add(double factor, double number, double number_bound) {
      value += factor * number;
      size += std::abs(factor * number);
      bound += std::abs(factor) * number_bound;
      n += 1;
    }
  };

  static void put(reference_value& to, const sum& all, double divisor = 1) {
    to.numbers.push_back(all.value / divisor);
    to.bounds.push_back((all.bound + (all.n + 2) * epsilon * (all.size + all.bound)) / divisor);
  }

  /// Calls use(y, x) for what lies under the window there.
  template <class Use>
  static void slide(
      const inference::window& over, const extent& in, std::int64_t y, std::int64_t x, Use use) {
    for (std::uint32_t i = 0; i < over.kernel_height; ++i) {
      for (std::uint32_t j = 0; j < over.kernel_width; ++j) {
        const std::int64_t from_y = y * over.stride_height +
                                    std::int64_t{i} * over.dilation_height -
                                    std::int64_t{over.pad_top};
        const std::int64_t from_x = x * over.stride_width + std::int64_t{j} * over.dilation_width -
                                    std::int64_t{over.pad_left};
        if (from_y < 0 || from_x < 0 || from_y >= in.height || from_x >= in.width) continue;
        use(i, j, from_y, from_x);
      }
    }
  }

  template <class Each>
  static void for_each(const extent& out, Each each) {
    for (std::int64_t c = 0; c < out.channels; ++c) {
      for (std::int64_t y = 0; y < out.height; ++y) {
        for (std::int64_t x = 0; x < out.width; ++x) each(c, y, x);
      }
    }
  }

  void compute(const inference::convolution& what, const inference::operator_node& node) {
    const reference_value& from = values_[node.inputs[0]];
    const extent in = extent_of(node.inputs[0]);
    const extent out = extent_of(node.output);
    const std::vector<float>& kernel = model_.weights[node.weights].data;
    const std::vector<float>& bias = model_.weights[node.bias].data;
    const std::int64_t per_group = in.channels / what.groups;
    const std::int64_t outputs_per_group = out.channels / what.groups;
    reference_value& to = values_[node.output];
    for_each(out, [&](std::int64_t c, std::int64_t y, std::int64_t x) {
      sum all;
      all.add(1, bias[static_cast<std::size_t>(c)], 0);
      slide(what.over,
            in,
            y,
            x,
            [&](std::uint32_t i, std::uint32_t j, std::int64_t from_y, std::int64_t from_x) {
              for (std::int64_t k = 0; k < per_group; ++k) {
                const std::int64_t channel = c / outputs_per_group * per_group + k;
                const std::size_t at = place(in, channel, from_y, from_x);
                const std::size_t weight =
                    ((static_cast<std::size_t>(c * per_group + k)) * what.over.kernel_height + i) *
                        what.over.kernel_width +
                    j;
                all.add(kernel[weight], from.numbers[at], from.bounds[at]);
              }
            });
      put(to, all);
    });
  }

  void compute(const inference::max_pooling& what, const inference::operator_node& node) {
    const reference_value& from = values_[node.inputs[0]];
    const extent in = extent_of(node.inputs[0]);
    reference_value& to = values_[node.output];
    for_each(extent_of(node.output), [&](std::int64_t c, std::int64_t y, std::int64_t x) {
      double most = -std::numeric_limits<double>::infinity();
      double bound = 0;
      slide(
          what.over,
          in,
          y,
          x,
          [&](std::uint32_t /*i*/, std::uint32_t /*j*/, std::int64_t from_y, std::int64_t from_x) {
            const std::size_t at = place(in, c, from_y, from_x);
            most = std::max(most, from.numbers[at]);
            bound = std::max(bound, from.bounds[at]);
          });
      to.numbers.push_back(most);
      to.bounds.push_back(bound);
    });
  }

  void compute(const inference::average_pooling& what, const inference::operator_node& node) {
    const reference_value& from = values_[node.inputs[0]];
    const extent in = extent_of(node.inputs[0]);
    reference_value& to = values_[node.output];
    for_each(extent_of(node.output), [&](std::int64_t c, std::int64_t y, std::int64_t x) {
      sum all;
      slide(
          what.over,
          in,
          y,
          x,
          [&](std::uint32_t /*i*/, std::uint32_t /*j*/, std::int64_t from_y, std::int64_t from_x) {
            const std::size_t at = place(in, c, from_y, from_x);
            all.add(1, from.numbers[at], from.bounds[at]);
          });
      // An image with its pads: what of the window lies over it.
      const inference::window& over = what.over;
      inference::window unpadded = over;
      unpadded.pad_top = unpadded.pad_left = 0;
      const extent padded{
          1, in.height + over.pad_top + over.pad_bottom, in.width + over.pad_left + over.pad_right};
      double whole = 0;
      slide(unpadded,
            padded,
            y,
            x,
            [&](std::uint32_t /*i*/, std::uint32_t /*j*/, std::int64_t /*y*/, std::int64_t /*x*/) {
              ++whole;
            });
      put(to, all, std::max(what.counts_pads ? whole : all.n, 1.0));
    });
  }

  void compute(const inference::global_average_pooling& /*what*/,
               const inference::operator_node& node) {
    const reference_value& from = values_[node.inputs[0]];
    const extent in = extent_of(node.inputs[0]);
    reference_value& to = values_[node.output];
    for (std::int64_t c = 0; c < in.channels; ++c) {
      sum all;
      for_each({1, in.height, in.width}, [&](std::int64_t /*c*/, std::int64_t y, std::int64_t x) {
        const std::size_t at = place(in, c, y, x);
        all.add(1, from.numbers[at], from.bounds[at]);
      });
      put(to, all, static_cast<double>(in.height * in.width));
    }
  }

  void compute(const inference::addition& /*what*/, const inference::operator_node& node) {
    const reference_value& left = values_[node.inputs[0]];
    const reference_value& right = values_[node.inputs[1]];
    reference_value& to = values_[node.output];
    for (std::size_t i = 0; i < left.numbers.size(); ++i) {
      sum both;
      both.add(1, left.numbers[i], left.bounds[i]);
      both.add(1, right.numbers[i], right.bounds[i]);
      put(to, both);
    }
  }

  void compute(const inference::concatenation& /*what*/, const inference::operator_node& node) {
    reference_value& to = values_[node.output];
    for (const std::uint32_t input : node.inputs) {
      const reference_value& from = values_[input];
      to.numbers.insert(to.numbers.end(), from.numbers.begin(), from.numbers.end());
      to.bounds.insert(to.bounds.end(), from.bounds.begin(), from.bounds.end());
    }
  }

  void compute(const inference::fully_connected& /*what*/, const inference::operator_node& node) {
    const reference_value& from = values_[node.inputs[0]];
    const std::vector<float>& kernel = model_.weights[node.weights].data;
    const std::size_t n_inputs = from.numbers.size();
    reference_value& to = values_[node.output];
    for (std::size_t out = 0; out < kernel.size() / n_inputs; ++out) {
      sum all;
      if (node.bias != inference::no_weight) all.add(1, model_.weights[node.bias].data[out], 0);
      for (std::size_t in = 0; in < n_inputs; ++in)
        all.add(kernel[out * n_inputs + in], from.numbers[in], from.bounds[in]);
      put(to, all);
    }
  }

  void compute(const inference::reshape& /*what*/, const inference::operator_node& node) {
    values_[node.output] = values_[node.inputs[0]];
  }

  void compute(const inference::softmax& /*what*/, const inference::operator_node& node) {
    const reference_value& from = values_[node.inputs[0]];
    const double most = *std::max_element(from.numbers.begin(), from.numbers.end());
    const double bound = *std::max_element(from.bounds.begin(), from.bounds.end());
    double all = 0;
    for (const double one : from.numbers) all += std::exp(one - most);
    reference_value& to = values_[node.output];
    for (const double one : from.numbers) {
      to.numbers.push_back(std::exp(one - most) / all);
      // An error d in any input changes a probability by a factor of exp(2 d) at most.
      const double factor = std::expm1(2 * bound) + 64 * epsilon;
      to.bounds.push_back(to.numbers.back() * factor + 1e-7 * factor);
    }
  }

  void compute(const inference::transposition& what, const inference::operator_node& node) {
    const reference_value& from = values_[node.inputs[0]];
    const std::vector<std::uint64_t>& in = model_.values[node.inputs[0]].shape;
    const std::vector<std::uint64_t>& out = model_.values[node.output].shape;
    reference_value& to = values_[node.output];
    for (std::size_t place = 0; place < from.numbers.size(); ++place) {
      // Where that place of the output comes from.
      std::vector<std::uint64_t> at(in.size());
      std::size_t left = place;
      for (std::size_t i = out.size(); i-- > 0;) {
        at[what.order[i]] = left % out[i];
        left /= out[i];
      }
      std::size_t source = 0;
      for (std::size_t i = 0; i < in.size(); ++i) source = source * in[i] + at[i];
      to.numbers.push_back(from.numbers[source]);
      to.bounds.push_back(from.bounds[source]);
    }
  }

  void compute(const inference::padding& what, const inference::operator_node& node) {
    const reference_value& from = values_[node.inputs[0]];
    const extent in = extent_of(node.inputs[0]);
    reference_value& to = values_[node.output];
    for_each(extent_of(node.output), [&](std::int64_t c, std::int64_t y, std::int64_t x) {
      const std::int64_t from_c = c - what.channels_before;
      const std::int64_t from_y = y - what.pad_top;
      const std::int64_t from_x = x - what.pad_left;
      const bool is_inside = from_c >= 0 && from_c < in.channels && from_y >= 0 &&
                             from_y < in.height && from_x >= 0 && from_x < in.width;
      const std::size_t at = is_inside ? place(in, from_c, from_y, from_x) : 0;
      to.numbers.push_back(is_inside ? from.numbers[at] : static_cast<double>(what.number));
      to.bounds.push_back(is_inside ? from.bounds[at] : 0);
    });
  }

  void compute(const inference::clamping& /*what*/, const inference::operator_node& node) {
    values_[node.output] = values_[node.inputs[0]];
  }

  const inference::graph& model_;
  std::vector<reference_value> values_;
};

}  // namespace rankwise::test
