// SPDX-License-Identifier: MIT
#pragma once

#include "inference/graph.hpp"

#include <cstddef>
#include <cstdint>
#include <onnx/onnx_pb.h>
#include <optional>
#include <string>
#include <vector>

namespace rankwise::inference {

/// Of a tensor: more would be a lie, or no network that these hosts can run.
inline constexpr std::uint64_t most_elements = std::uint64_t{1} << 31U;

/// A tensor that the model holds: weights, or numbers that say what to do.
struct constant_tensor {
  std::vector<std::uint64_t> shape;
  std::vector<float> floats;          ///< of FLOAT, FLOAT16 and DOUBLE
  std::vector<std::int64_t> numbers;  ///< of INT64 and INT32
};

/// Throws: config_error with `where` in front if the tensor can't be read, or is not what it says.
constant_tensor read_tensor(const onnx::TensorProto& tensor, const std::string& where);

/// A node with its attributes, as its conversion sees it.
class onnx_node {
 public:
  /// `file` is the model's name, for errors.
  onnx_node(const onnx::NodeProto& node, std::int64_t opset, const std::string& file);

  const std::string& type() const { return node_->op_type(); }

  const std::string& name() const { return name_; }

  /// Of its operator; empty: ONNX itself.
  const std::string& domain() const { return node_->domain(); }

  std::int64_t opset() const { return opset_; }

  /// The name of an input; empty where it is left out.
  std::string input(int place) const;

  int n_inputs() const { return node_->input_size(); }

  /// Its one output that counts.
  const std::string& output() const { return node_->output(0); }

  std::int64_t number(const char* attribute, std::int64_t otherwise) const;
  float real(const char* attribute, float otherwise) const;
  std::string text(const char* attribute, const std::string& otherwise) const;

  bool has(const char* attribute) const;

  /// None where the attribute is not there.
  std::optional<std::vector<std::int64_t>> numbers(const char* attribute) const;
  std::optional<std::vector<float>> reals(const char* attribute) const;

  /// The same, of that many numbers, each from `least` to 65535.
  std::vector<std::uint32_t> sizes(const char* attribute,
                                   std::size_t n,
                                   std::uint32_t otherwise,
                                   std::uint32_t least) const;

  /// The number of an axis, which ONNX counts from the end where it is negative.
  ///
  /// Throws: config_error where there are not so many.
  std::int64_t from_front(std::int64_t axis, std::size_t n_dimensions) const;

  const onnx::TensorProto* tensor(const char* attribute) const;

  /// "MODEL.onnx: node 'name' (Conv)".
  std::string where() const;

  /// Throws: config_error: "MODEL.onnx: node 'name' (Conv): found ..., accepted: ...".
  [[noreturn]] void refuse(const std::string& found, const std::string& accepted) const;

 private:
  const onnx::AttributeProto* find(const char* attribute,
                                   onnx::AttributeProto::AttributeType type) const;

  const onnx::NodeProto* node_;
  std::int64_t opset_;
  const std::string* file_;
  std::string name_;
};

}  // namespace rankwise::inference
