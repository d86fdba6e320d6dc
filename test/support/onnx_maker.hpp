// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <onnx/onnx_pb.h>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace rankwise::test {

/// Writes small ONNX models for tests, node by node.
class onnx_maker {
 public:
  explicit onnx_maker(std::int64_t opset = 11) {
    model.set_ir_version(6);
    model.add_opset_import()->set_version(opset);
    model.mutable_graph()->set_name("test");
  }

  onnx_maker& input(const std::string& name, const std::vector<std::int64_t>& shape) {
    describe(*model.mutable_graph()->add_input(), name, shape);
    return *this;
  }

  onnx_maker& output(const std::string& name) {
    describe(*model.mutable_graph()->add_output(), name, {});
    return *this;
  }

  /// A node named as its output.
  onnx::NodeProto& node(const std::string& type,
                        const std::vector<std::string>& inputs,
                        const std::string& output) {
    onnx::NodeProto& made = *model.mutable_graph()->add_node();
    made.set_op_type(type);
    made.set_name(output);
    for (const std::string& input : inputs) made.add_input(input);
    made.add_output(output);
    return made;
  }

  onnx_maker& floats(const std::string& name,
                     const std::vector<std::int64_t>& shape,
                     const std::vector<float>& data) {
    onnx::TensorProto& made = *model.mutable_graph()->add_initializer();
    made.set_name(name);
    made.set_data_type(onnx::TensorProto::FLOAT);
    for (const std::int64_t size : shape) made.add_dims(size);
    for (const float one : data) made.add_float_data(one);
    return *this;
  }

  onnx_maker& numbers(const std::string& name, const std::vector<std::int64_t>& data) {
    onnx::TensorProto& made = *model.mutable_graph()->add_initializer();
    made.set_name(name);
    made.set_data_type(onnx::TensorProto::INT64);
    made.add_dims(static_cast<std::int64_t>(data.size()));
    for (const std::int64_t one : data) made.add_int64_data(one);
    return *this;
  }

  std::vector<std::byte> bytes() const {
    const std::string text = model.SerializeAsString();
    const auto all = std::as_bytes(std::span(text));
    return {all.begin(), all.end()};
  }

  onnx::ModelProto model;

 private:
  static void describe(onnx::ValueInfoProto& info,
                       const std::string& name,
                       const std::vector<std::int64_t>& shape) {
    info.set_name(name);
    onnx::TypeProto::Tensor& type = *info.mutable_type()->mutable_tensor_type();
    type.set_elem_type(onnx::TensorProto::FLOAT);
    for (const std::int64_t size : shape) type.mutable_shape()->add_dim()->set_dim_value(size);
  }
};

inline onnx::AttributeProto& attribute(onnx::NodeProto& node,
                                       const char* name,
                                       onnx::AttributeProto::AttributeType type) {
  onnx::AttributeProto& made = *node.add_attribute();
  made.set_name(name);
  made.set_type(type);
  return made;
}

inline void set(onnx::NodeProto& node, const char* name, std::int64_t number) {
  attribute(node, name, onnx::AttributeProto::INT).set_i(number);
}

inline void set(onnx::NodeProto& node, const char* name, float number) {
  attribute(node, name, onnx::AttributeProto::FLOAT).set_f(number);
}

inline void set_text(onnx::NodeProto& node, const char* name, const std::string& text) {
  attribute(node, name, onnx::AttributeProto::STRING).set_s(text);
}

inline void set(onnx::NodeProto& node,
                const char* name,
                std::initializer_list<std::int64_t> numbers) {
  onnx::AttributeProto& made = attribute(node, name, onnx::AttributeProto::INTS);
  for (const std::int64_t one : numbers) made.add_ints(one);
}

}  // namespace rankwise::test
