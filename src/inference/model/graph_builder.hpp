// SPDX-License-Identifier: MIT
#pragma once

#include "inference/graph.hpp"
#include "inference/model/dimension_order.hpp"
#include "inference/model/onnx_node.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace rankwise::inference {

/// Makes a graph of ONNX nodes, one after the other: several become one operator, some none.
///
/// A Transpose moves nothing: its output is a view of its input. Nodes that can work on the value
/// behind a view do so; for the others the transposition is carried out as an operator.
class graph_builder {
 public:
  /// `n_uses` says how often each name is taken, by nodes and as an output of the model.
  explicit graph_builder(std::map<std::string, std::uint32_t> n_uses)
      : n_uses_(std::move(n_uses)) {}

  /// An input of that shape in ONNX. One that `is_channels_last`, [1, height, width, channels],
  /// becomes an input [1, channels, height, width] of the graph, whose bytes lie the same.
  void add_input(const std::string& name,
                 const std::vector<std::uint64_t>& shape,
                 bool is_channels_last);

  /// A constant that stands in the file.
  void add_constant(const std::string& name, constant_tensor constant);

  /// Throws: config_error if the node is not one that can be run, or does not fit its inputs.
  void add(const onnx_node& node);

  /// The model, without what its outputs do not need.
  ///
  /// Throws: config_error with `file` in front where there is no such output.
  graph finish(const std::vector<std::string>& outputs, const std::string& file) &&;

 private:
  using converter = void (graph_builder::*)(const onnx_node&);

  /// What a name of the model stands for.
  struct view {
    std::uint32_t value = 0;
    dimension_order order;  ///< dimension i of the name is dimension order[i] of the value
  };

  /// Which dimension of a value a constant may run along, and its size.
  struct channel_dimension {
    std::size_t dimension = 0;
    std::uint64_t n = 1;
  };

  static const std::map<std::string, converter>& converters();

  // Each of these makes an operator of a node of its name, or changes the one before it.
  // graph_builder.cpp
  void add_constant_node(const onnx_node& node);
  void add_cast(const onnx_node& node);
  void pass_on(const onnx_node& node);
  void add_clip(const onnx_node& node);
  void add_relu(const onnx_node& node);
  void add_min_or_max(const onnx_node& node);
  // graph_builder_images.cpp
  void add_conv(const onnx_node& node);
  void add_pad(const onnx_node& node);
  void add_global_average_pool(const onnx_node& node);
  void add_reduce_mean(const onnx_node& node);
  void add_average_pool(const onnx_node& node);
  void add_max_pool(const onnx_node& node);
  void add_concat(const onnx_node& node);
  // graph_builder_sums.cpp
  void add_batch_normalization(const onnx_node& node);
  void add_two_sided(const onnx_node& node);
  void add_sum(const onnx_node& node);
  // graph_builder_shapes.cpp
  void add_transpose(const onnx_node& node);
  void add_flatten(const onnx_node& node);
  void add_reshape(const onnx_node& node);
  void add_squeeze(const onnx_node& node);
  void add_unsqueeze(const onnx_node& node);
  void add_gemm(const onnx_node& node);
  void add_matmul(const onnx_node& node);
  void add_softmax(const onnx_node& node);

  /// Computes the node, if it is one of constants alone; false where it is not.
  bool fold(const onnx_node& node);

  void keep_folded(const onnx_node& node, constant_tensor made);

  /// What the node takes there.
  const view& look(const onnx_node& node, int place) const;

  /// The shape of what the node takes there, as ONNX has it.
  std::vector<std::uint64_t> shape(const onnx_node& node, int place) const;

  /// The same of an image, which has four dimensions.
  std::vector<std::uint64_t> image(const onnx_node& node, int place) const;

  /// The value that the node takes there; a transposition is carried out.
  std::uint32_t value(const onnx_node& node, int place);

  /// The same value, as operators of the graph take it.
  std::uint32_t carried_out(const view& from, const std::string& name);

  /// The constant that the node takes there; null where it takes none, or a value.
  const constant_tensor* constant(const onnx_node& node, int place) const;

  /// The same; refused where there is none, or where it has another number of floats than `n` (if
  /// that is not 0).
  const std::vector<float>& floats(const onnx_node& node, int place, std::uint64_t n) const;

  std::uint32_t new_weight(const std::string& name,
                           std::vector<std::uint64_t> shape,
                           std::vector<float> data);

  /// A new operator that gives `shape`, on the way to the node's output.
  operator_node& append(const onnx_node& node,
                        operation what,
                        std::vector<std::uint32_t> inputs,
                        std::vector<std::uint64_t> shape,
                        std::uint32_t keras_layers);

  /// A new operator that gives the node's output, which is a view of `shape`.
  operator_node& add_operator(const onnx_node& node,
                              operation what,
                              std::vector<std::uint32_t> inputs,
                              std::vector<std::uint64_t> shape,
                              std::uint32_t keras_layers,
                              dimension_order order = {});

  /// The operator that makes a value; null for an input of the model.
  operator_node* producer(std::uint32_t value);

  /// The operator that makes what the node takes, where nobody else takes it: the node may become
  /// part of it.
  operator_node* sole_producer(const onnx_node& node, int place);

  /// The node's output is that of `before`, which now does what the node says.
  void absorb(const onnx_node& node, const operator_node& before, dimension_order order);

  /// The node's output is what it takes, with its dimensions in that order.
  void publish_view(const onnx_node& node, dimension_order order);

  /// Clamps what the node takes at `place`.
  void limit(const onnx_node& node, int place, float low, float high);

  /// The operator that makes `from`, if that does nothing but put zeros around an image.
  const operator_node* zeros_around(std::uint32_t from);

  /// A pooling operator, or any that takes an image and gives another of as many channels.
  void add_pooling(const onnx_node& node, operation what, const window& over, bool counts_pads);

  channel_dimension channels_of(const onnx_node& node, int place) const;

  /// The constant at `place` as a number for each channel of the other input.
  std::vector<float> by_channel(const onnx_node& node, int place) const;

  /// y = x * scale + shift, by channel.
  void scale_channels(const onnx_node& node,
                      int place,
                      const std::vector<float>& scale,
                      const std::vector<float>& shift,
                      std::uint32_t keras_layers);

  void add_fully_connected(const onnx_node& node,
                           std::uint64_t n_inputs,
                           std::uint64_t n_outputs,
                           std::vector<float> weights,
                           std::optional<std::vector<float>> bias);

  /// Numbers of the node's input 0 in another shape.
  void add_reshape_to(const onnx_node& node, std::vector<std::uint64_t> shape);

  graph made_;
  std::map<std::string, std::uint32_t> n_uses_;
  std::map<std::string, view> values_;                // by name
  std::map<std::string, constant_tensor> constants_;  // by name
  std::map<std::uint32_t, std::size_t> producer_;     // operator, by value
  std::uint64_t n_given_ = 0;                         // numbers in the file's constants
  std::uint64_t n_folded_ = 0;                        // numbers in constants that were computed
};

}  // namespace rankwise::inference
