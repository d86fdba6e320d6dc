// SPDX-License-Identifier: MIT
#pragma once

#include "inference/graph.hpp"
#include "inference/model/onnx_node.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace rankwise::inference {

/// Makes a graph of ONNX nodes, one after the other: several become one operator, some none.
class graph_builder {
 public:
  /// `n_uses` says how often each name is taken, by nodes and as an output of the model.
  explicit graph_builder(std::map<std::string, std::uint32_t> n_uses)
      : n_uses_(std::move(n_uses)) {}

  void add_input(const std::string& name, const std::vector<std::uint64_t>& shape);

  void add_constant(const std::string& name, constant_tensor constant);

  /// Throws: config_error if the node is not one that can be run, or does not fit its inputs.
  void add(const onnx_node& node);

  /// The model, without what its outputs do not need.
  ///
  /// Throws: config_error with `file` in front where there is no such output.
  graph finish(const std::vector<std::string>& outputs, const std::string& file) &&;

 private:
  using converter = void (graph_builder::*)(const onnx_node&);

  static const std::map<std::string, converter>& converters();

  // Each of these makes an operator of a node of its name, or changes the one before it.
  void add_conv(const onnx_node& node);
  void add_batch_normalization(const onnx_node& node);
  void add_clip(const onnx_node& node);
  void add_relu(const onnx_node& node);
  void add_add(const onnx_node& node);
  void add_global_average_pool(const onnx_node& node);
  void add_reduce_mean(const onnx_node& node);
  void add_average_pool(const onnx_node& node);
  void add_max_pool(const onnx_node& node);
  void add_concat(const onnx_node& node);
  void add_flatten(const onnx_node& node);
  void add_reshape(const onnx_node& node);
  void add_gemm(const onnx_node& node);
  void add_matmul(const onnx_node& node);
  void add_softmax(const onnx_node& node);
  void pass_on(const onnx_node& node);
  void add_constant_node(const onnx_node& node);

  /// The value that the node takes there.
  std::uint32_t value(const onnx_node& node, int place) const;

  /// The constant that the node takes there; null where it takes none, or a value.
  const constant_tensor* constant(const onnx_node& node, int place) const;

  /// The same; refused where there is none, or where it has another number of floats than `n` (if
  /// that is not 0).
  const std::vector<float>& floats(const onnx_node& node, int place, std::uint64_t n) const;

  /// The shape of the image that the node takes there.
  const std::vector<std::uint64_t>& image(const onnx_node& node, int place) const;

  std::uint32_t new_weight(const std::string& name,
                           std::vector<std::uint64_t> shape,
                           std::vector<float> data);

  /// A new operator that gives `shape`.
  operator_node& add_operator(const onnx_node& node,
                              operation what,
                              std::vector<std::uint32_t> inputs,
                              std::vector<std::uint64_t> shape,
                              std::uint32_t keras_layers);

  /// The operator that makes what the node takes, where nobody else takes it: the node may become
  /// part of it.
  operator_node* sole_producer(const onnx_node& node, int place);

  /// The node's output is that of `before`, which now does what the node says.
  void absorb(const onnx_node& node, const operator_node& before);

  /// Clamps what the node takes.
  void limit(const onnx_node& node, float low, float high);

  /// y = x * scale + shift, by channel.
  void scale_channels(const onnx_node& node,
                      int place,
                      const std::vector<float>& scale,
                      const std::vector<float>& shift,
                      std::uint32_t keras_layers);

  void add_mean(const onnx_node& node, bool keeps_dimensions);

  void add_fully_connected(const onnx_node& node,
                           std::uint64_t n_inputs,
                           std::uint64_t n_outputs,
                           std::vector<float> weights,
                           std::optional<std::vector<float>> bias);

  void add_reshape_to(const onnx_node& node, std::vector<std::uint64_t> shape);

  graph made_;
  std::map<std::string, std::uint32_t> n_uses_;
  std::map<std::string, std::uint32_t> values_;       // by name
  std::map<std::string, constant_tensor> constants_;  // by name
  std::map<std::uint32_t, std::size_t> producer_;     // operator, by value
};

}  // namespace rankwise::inference
