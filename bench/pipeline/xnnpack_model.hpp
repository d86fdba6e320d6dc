// SPDX-License-Identifier: MIT
#pragma once

#include "inference/graph.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>
#include <xnnpack.h>

namespace bench {

namespace inference = rankwise::inference;

/// A whole model as XNNPACK's own interface for models has it, a subgraph and a runtime, on one
/// thread: written apart from rankwise's executor, for models of MobileNetV2's operators.
class xnnpack_model {
 public:
  explicit xnnpack_model(const inference::graph& model) {
    check(xnn_initialize(nullptr), "xnn_initialize");
    check(xnn_create_subgraph(2, 0, &subgraph_), "xnn_create_subgraph");
    ids_.assign(model.values.size(), XNN_INVALID_VALUE_ID);
    const std::uint32_t input = model.inputs.front();
    const std::uint32_t output = model.outputs.front();
    add_value(model, input, 0, XNN_VALUE_FLAG_EXTERNAL_INPUT);
    for (const inference::operator_node& node : model.operators) {
      const bool is_last = node.output == output;
      add_value(model,
                node.output,
                is_last ? 1 : XNN_INVALID_VALUE_ID,
                is_last ? XNN_VALUE_FLAG_EXTERNAL_OUTPUT : 0);
      std::visit([&](const auto& what) { add(what, model, node); }, node.what);
    }
    check(xnn_create_runtime_v2(subgraph_, nullptr, 0, &runtime_), "xnn_create_runtime_v2");
    input_.resize(inference::n_elements(model.values[input].shape) + XNN_EXTRA_BYTES);
    output_.resize(inference::n_elements(model.values[output].shape) + XNN_EXTRA_BYTES);
    n_outputs_ = inference::n_elements(model.values[output].shape);
    const xnn_external_value places[] = {{0, input_.data()}, {1, output_.data()}};
    check(xnn_setup_runtime(runtime_, 2, places), "xnn_setup_runtime");
  }

  xnnpack_model(const xnnpack_model&) = delete;
  xnnpack_model& operator=(const xnnpack_model&) = delete;
  xnnpack_model(xnnpack_model&&) = delete;
  xnnpack_model& operator=(xnnpack_model&&) = delete;

  ~xnnpack_model() {
    xnn_delete_runtime(runtime_);
    xnn_delete_subgraph(subgraph_);
  }

  /// Where a picture goes, channels last.
  float* input() { return input_.data(); }

  const float* output() const { return output_.data(); }

  std::size_t n_outputs() const { return n_outputs_; }

  void run() { check(xnn_invoke_runtime(runtime_), "xnn_invoke_runtime"); }

 private:
  static void check(xnn_status status, const char* what) {
    if (status != xnn_status_success)
      throw std::runtime_error(fmt::format("{}: status {}", what, static_cast<int>(status)));
  }

  static std::vector<std::size_t> channels_last(const std::vector<std::uint64_t>& shape) {
    if (shape.size() != 4) return {shape.begin(), shape.end()};
    return {shape[0], shape[2], shape[3], shape[1]};
  }

  void add_value(const inference::graph& model,
                 std::uint32_t value,
                 std::uint32_t external,
                 std::uint32_t flags) {
    const std::vector<std::size_t> shape = channels_last(model.values[value].shape);
    check(xnn_define_tensor_value(subgraph_,
                                  xnn_datatype_fp32,
                                  shape.size(),
                                  shape.data(),
                                  nullptr,
                                  external,
                                  flags,
                                  &ids_[value]),
          "xnn_define_tensor_value");
  }

  std::uint32_t add_constant(const std::vector<std::size_t>& shape, std::vector<float> data) {
    kept_.push_back(std::move(data));  // the runtime reads it when it is made
    std::uint32_t id = 0;
    check(xnn_define_tensor_value(subgraph_,
                                  xnn_datatype_fp32,
                                  shape.size(),
                                  shape.data(),
                                  kept_.back().data(),
                                  XNN_INVALID_VALUE_ID,
                                  0,
                                  &id),
          "xnn_define_tensor_value");
    return id;
  }

  void add(const inference::convolution& what,
           const inference::graph& model,
           const inference::operator_node& node) {
    const inference::weight& kernel = model.weights[node.weights];
    const inference::window& over = what.over;
    const std::size_t n_outputs = kernel.shape[0];
    const std::size_t n_inputs = kernel.shape[1];
    const std::size_t n_places = kernel.shape[2] * kernel.shape[3];
    const bool is_depthwise = what.groups != 1 && n_inputs == 1 && n_outputs == what.groups;
    if (what.groups != 1 && !is_depthwise)
      throw std::runtime_error(node.name + ": a grouped convolution");
    std::vector<float> moved(kernel.data.size());
    for (std::size_t out = 0; out < n_outputs; ++out) {
      for (std::size_t in = 0; in < n_inputs; ++in) {
        for (std::size_t place = 0; place < n_places; ++place) {
          const std::size_t to =
              is_depthwise ? place * n_outputs + out : (out * n_places + place) * n_inputs + in;
          moved[to] = kernel.data[(out * n_inputs + in) * n_places + place];
        }
      }
    }
    const std::uint32_t bias = add_constant({n_outputs}, model.weights[node.bias].data);
    if (is_depthwise) {
      const std::uint32_t filter =
          add_constant({1, kernel.shape[2], kernel.shape[3], n_outputs}, std::move(moved));
      check(xnn_define_depthwise_convolution_2d(subgraph_,
                                                over.pad_top,
                                                over.pad_right,
                                                over.pad_bottom,
                                                over.pad_left,
                                                over.kernel_height,
                                                over.kernel_width,
                                                over.stride_height,
                                                over.stride_width,
                                                over.dilation_height,
                                                over.dilation_width,
                                                1,
                                                n_outputs,
                                                node.low,
                                                node.high,
                                                ids_[node.inputs[0]],
                                                filter,
                                                bias,
                                                ids_[node.output],
                                                0),
            "xnn_define_depthwise_convolution_2d");
      return;
    }
    const std::uint32_t filter =
        add_constant({n_outputs, kernel.shape[2], kernel.shape[3], n_inputs}, std::move(moved));
    check(xnn_define_convolution_2d(subgraph_,
                                    over.pad_top,
                                    over.pad_right,
                                    over.pad_bottom,
                                    over.pad_left,
                                    over.kernel_height,
                                    over.kernel_width,
                                    over.stride_height,
                                    over.stride_width,
                                    over.dilation_height,
                                    over.dilation_width,
                                    1,
                                    n_inputs,
                                    n_outputs,
                                    node.low,
                                    node.high,
                                    ids_[node.inputs[0]],
                                    filter,
                                    bias,
                                    ids_[node.output],
                                    0),
          "xnn_define_convolution_2d");
  }

  void add(const inference::addition& /*what*/,
           const inference::graph& /*model*/,
           const inference::operator_node& node) {
    check(xnn_define_add2(subgraph_,
                          node.low,
                          node.high,
                          ids_[node.inputs[0]],
                          ids_[node.inputs[1]],
                          ids_[node.output],
                          0),
          "xnn_define_add2");
  }

  void add(const inference::global_average_pooling& /*what*/,
           const inference::graph& model,
           const inference::operator_node& node) {
    // Its output has four dimensions here, whatever the model says.
    const std::vector<std::uint64_t>& shape = model.values[node.output].shape;
    std::uint32_t to = ids_[node.output];
    if (shape.size() == 2) to = add_inner({1, 1, 1, shape[1]});
    check(xnn_define_global_average_pooling_2d(
              subgraph_, node.low, node.high, ids_[node.inputs[0]], to, 0),
          "xnn_define_global_average_pooling_2d");
    if (shape.size() == 2) add_reshape(to, ids_[node.output], {1, shape[1]});
  }

  void add(const inference::reshape& /*what*/,
           const inference::graph& model,
           const inference::operator_node& node) {
    const std::vector<std::uint64_t>& from = model.values[node.inputs[0]].shape;
    if (from.size() == 4 && from[2] * from[3] != 1)
      throw std::runtime_error(node.name + ": the shape of an image is changed");
    add_reshape(
        ids_[node.inputs[0]], ids_[node.output], channels_last(model.values[node.output].shape));
  }

  void add(const inference::fully_connected& /*what*/,
           const inference::graph& model,
           const inference::operator_node& node) {
    const inference::weight& kernel = model.weights[node.weights];
    const std::uint32_t filter =
        add_constant({kernel.shape[0], kernel.shape[1]}, std::vector(kernel.data));
    const std::uint32_t bias =
        add_constant({kernel.shape[0]},
                     node.bias == inference::no_weight ? std::vector<float>(kernel.shape[0])
                                                       : model.weights[node.bias].data);
    check(xnn_define_fully_connected(subgraph_,
                                     node.low,
                                     node.high,
                                     ids_[node.inputs[0]],
                                     filter,
                                     bias,
                                     ids_[node.output],
                                     0),
          "xnn_define_fully_connected");
  }

  void add(const inference::softmax& /*what*/,
           const inference::graph& /*model*/,
           const inference::operator_node& node) {
    check(xnn_define_softmax(subgraph_, ids_[node.inputs[0]], ids_[node.output], 0),
          "xnn_define_softmax");
  }

  template <class Other>
  void add(const Other& /*what*/,
           const inference::graph& /*model*/,
           const inference::operator_node& node) {
    throw std::runtime_error(node.name + ": an operator that MobileNetV2 does not have");
  }

  std::uint32_t add_inner(const std::vector<std::size_t>& shape) {
    std::uint32_t id = 0;
    check(xnn_define_tensor_value(subgraph_,
                                  xnn_datatype_fp32,
                                  shape.size(),
                                  shape.data(),
                                  nullptr,
                                  XNN_INVALID_VALUE_ID,
                                  0,
                                  &id),
          "xnn_define_tensor_value");
    return id;
  }

  void add_reshape(std::uint32_t from, std::uint32_t to, const std::vector<std::size_t>& shape) {
    check(xnn_define_static_reshape(subgraph_, shape.size(), shape.data(), from, to, 0),
          "xnn_define_static_reshape");
  }

  xnn_subgraph_t subgraph_ = nullptr;
  xnn_runtime_t runtime_ = nullptr;
  std::vector<std::uint32_t> ids_;  // of the model's values
  std::vector<std::vector<float>> kept_;
  std::vector<float> input_;
  std::vector<float> output_;
  std::size_t n_outputs_ = 0;
};

}  // namespace bench
