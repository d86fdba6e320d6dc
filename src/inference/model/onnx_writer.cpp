// SPDX-License-Identifier: MIT
#include "inference/model/onnx_writer.hpp"

#include <rankwise/error.hpp>

#include <fmt/format.h>

#include <cstring>
#include <limits>
#include <onnx/onnx_pb.h>
#include <set>
#include <utility>
#include <variant>
#include <vector>

namespace rankwise::inference {

namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

/// Makes the nodes of one model.
class onnx_writer {
 public:
  onnx_writer(const graph& model, const write_options& how) : model_(model), how_(how) {
    file_.set_ir_version(6);
    file_.set_producer_name("rankwise");
    file_.add_opset_import()->set_version(how.opset);
    to_ = file_.mutable_graph();
    to_->set_name("model");
  }

  onnx::ModelProto make() && {
    for (const std::uint32_t input : model_.inputs)
      describe(model_.values[input], *to_->add_input());
    for (const std::uint32_t output : model_.outputs)
      describe(model_.values[output], *to_->add_output());
    for (const operator_node& from : model_.operators) add(from);
    return std::move(file_);
  }

 private:
  static void describe(const value_info& value, onnx::ValueInfoProto& info) {
    info.set_name(value.name);
    onnx::TypeProto::Tensor& type = *info.mutable_type()->mutable_tensor_type();
    type.set_elem_type(onnx::TensorProto::FLOAT);
    for (const std::uint64_t size : value.shape)
      type.mutable_shape()->add_dim()->set_dim_value(static_cast<std::int64_t>(size));
  }

  void add(const operator_node& from) {
    const std::string& output = model_.values[from.output].name;
    const bool is_clamped = from.low != -infinity || from.high != infinity;
    if (std::holds_alternative<clamping>(from.what)) {
      add_clip(from, from.name, model_.values[from.inputs.front()].name, output);
      return;
    }
    onnx::NodeProto& node = *to_->add_node();
    node.set_name(from.name);
    for (const std::uint32_t input : from.inputs) node.add_input(model_.values[input].name);
    node.add_output(is_clamped ? output + "/unclamped" : output);
    std::visit([&](const auto& what) { write(what, from, node); }, from.what);
    if (is_clamped) add_clip(from, from.name + "/clip", output + "/unclamped", output);
  }

  void add_clip(const operator_node& from,
                const std::string& name,
                const std::string& input,
                const std::string& output) {
    onnx::NodeProto& node = *to_->add_node();
    node.set_name(name);
    node.add_input(input);
    node.add_output(output);
    if (from.low == 0 && from.high == infinity) {
      node.set_op_type("Relu");
      return;
    }
    node.set_op_type("Clip");
    constexpr std::uint32_t limits_are_inputs = 11;
    if (how_.opset < limits_are_inputs) {
      if (from.low != -infinity) set_real(node, "min", from.low);
      if (from.high != infinity) set_real(node, "max", from.high);
      return;
    }
    node.add_input(from.low == -infinity ? "" : scalar(from.low));
    if (from.high != infinity) node.add_input(scalar(from.high));
  }

  // Each of these writes what is of its own kind.

  void write(const convolution& what, const operator_node& from, onnx::NodeProto& node) {
    node.set_op_type("Conv");
    node.add_input(constant(from.weights));
    node.add_input(constant(from.bias));
    set_window(node, what.over);
    set_numbers(node, "dilations", {what.over.dilation_height, what.over.dilation_width});
    set_number(node, "group", what.groups);
  }

  void write(const max_pooling& what, const operator_node& from, onnx::NodeProto& node) {
    node.set_op_type("MaxPool");
    set_window(node, what.over);
    set_rounding(node, what.over, from);
    if (what.over.dilation_height != 1 || what.over.dilation_width != 1)
      set_numbers(node, "dilations", {what.over.dilation_height, what.over.dilation_width});
  }

  void write(const average_pooling& what, const operator_node& from, onnx::NodeProto& node) {
    node.set_op_type("AveragePool");
    set_window(node, what.over);
    set_rounding(node, what.over, from);
    if (what.over.dilation_height != 1 || what.over.dilation_width != 1)
      set_numbers(node, "dilations", {what.over.dilation_height, what.over.dilation_width});
    set_number(node, "count_include_pad", what.counts_pads ? 1 : 0);
  }

  void write(const global_average_pooling& /*what*/,
             const operator_node& from,
             onnx::NodeProto& node) {
    if (model_.values[from.output].shape.size() == 4) {
      node.set_op_type("GlobalAveragePool");
      return;
    }
    node.set_op_type("ReduceMean");
    set_numbers(node, "axes", {2, 3});
    set_number(node, "keepdims", 0);
  }

  void write(const addition& /*what*/, const operator_node& /*from*/, onnx::NodeProto& node) {
    node.set_op_type("Add");
  }

  void write(const concatenation& /*what*/, const operator_node& /*from*/, onnx::NodeProto& node) {
    node.set_op_type("Concat");
    set_number(node, "axis", 1);
  }

  void write(const fully_connected& /*what*/, const operator_node& from, onnx::NodeProto& node) {
    node.set_op_type("Gemm");
    node.add_input(constant(from.weights));
    set_number(node, "transB", 1);
    if (from.bias != no_weight) {
      node.add_input(constant(from.bias));
      return;
    }
    // Opsets below 11 want a third input.
    node.add_input(from.name + "/no bias");
    onnx::TensorProto& zero = *to_->add_initializer();
    zero.set_name(from.name + "/no bias");
    zero.set_data_type(onnx::TensorProto::FLOAT);
    zero.add_dims(1);
    zero.add_float_data(0);
  }

  void write(const reshape& /*what*/, const operator_node& from, onnx::NodeProto& node) {
    node.set_op_type("Reshape");
    node.add_input(from.name + "/shape");
    const std::vector<std::uint64_t>& shape = model_.values[from.output].shape;
    onnx::TensorProto& target = *to_->add_initializer();
    target.set_name(from.name + "/shape");
    target.set_data_type(onnx::TensorProto::INT64);
    target.add_dims(static_cast<std::int64_t>(shape.size()));
    for (const std::uint64_t size : shape) target.add_int64_data(static_cast<std::int64_t>(size));
  }

  void write(const softmax& /*what*/, const operator_node& from, onnx::NodeProto& node) {
    node.set_op_type("Softmax");
    // In the opsets that are written it is over all dimensions from the axis on.
    const bool has_batch = model_.values[from.output].shape.front() == 1;
    set_number(node, "axis", has_batch && model_.values[from.output].shape.size() > 1 ? 1 : 0);
  }

  void write(const transposition& what, const operator_node& /*from*/, onnx::NodeProto& node) {
    node.set_op_type("Transpose");
    set_numbers(node, "perm", what.order);
  }

  void write(const padding& what, const operator_node& from, onnx::NodeProto& node) {
    node.set_op_type("Pad");
    const bool is_image = model_.values[from.output].shape.size() == 4;
    const std::vector<std::uint32_t> pads =
        is_image ? std::vector<std::uint32_t>{0,
                                              what.channels_before,
                                              what.pad_top,
                                              what.pad_left,
                                              0,
                                              what.channels_behind,
                                              what.pad_bottom,
                                              what.pad_right}
                 : std::vector<std::uint32_t>{0, what.channels_before, 0, what.channels_behind};
    constexpr std::uint32_t pads_are_inputs = 11;
    if (how_.opset < pads_are_inputs) {
      set_numbers(node, "pads", pads);
      set_real(node, "value", what.number);
      return;
    }
    node.add_input(from.name + "/pads");
    onnx::TensorProto& tensor = *to_->add_initializer();
    tensor.set_name(from.name + "/pads");
    tensor.set_data_type(onnx::TensorProto::INT64);
    tensor.add_dims(static_cast<std::int64_t>(pads.size()));
    for (const std::uint32_t pad : pads) tensor.add_int64_data(pad);
    node.add_input(scalar(what.number));
  }

  void write(const clamping& /*what*/, const operator_node& /*from*/, onnx::NodeProto& /*node*/) {}

  static void set_window(onnx::NodeProto& node, const window& over) {
    set_numbers(node, "kernel_shape", {over.kernel_height, over.kernel_width});
    set_numbers(node, "strides", {over.stride_height, over.stride_width});
    set_numbers(node, "pads", {over.pad_top, over.pad_left, over.pad_bottom, over.pad_right});
  }

  /// Says whether there is a last window that reaches past the pads.
  void set_rounding(onnx::NodeProto& node, const window& over, const operator_node& from) const {
    const std::vector<std::uint64_t>& in = model_.values[from.inputs.front()].shape;
    const std::vector<std::uint64_t>& out = model_.values[from.output].shape;
    const std::uint64_t end = (out[2] - 1) * over.stride_height +
                              std::uint64_t{over.kernel_height - 1} * over.dilation_height + 1;
    const std::uint64_t right = (out[3] - 1) * over.stride_width +
                                std::uint64_t{over.kernel_width - 1} * over.dilation_width + 1;
    if (end > in[2] + over.pad_top + over.pad_bottom ||
        right > in[3] + over.pad_left + over.pad_right)
      set_number(node, "ceil_mode", 1);
  }

  static onnx::AttributeProto& add_attribute(onnx::NodeProto& node,
                                             const char* name,
                                             onnx::AttributeProto::AttributeType type) {
    onnx::AttributeProto& made = *node.add_attribute();
    made.set_name(name);
    made.set_type(type);
    return made;
  }

  static void set_number(onnx::NodeProto& node, const char* name, std::uint64_t number) {
    add_attribute(node, name, onnx::AttributeProto::INT).set_i(static_cast<std::int64_t>(number));
  }

  static void set_real(onnx::NodeProto& node, const char* name, float number) {
    add_attribute(node, name, onnx::AttributeProto::FLOAT).set_f(number);
  }

  static void set_numbers(onnx::NodeProto& node,
                          const char* name,
                          const std::vector<std::uint32_t>& numbers) {
    onnx::AttributeProto& made = add_attribute(node, name, onnx::AttributeProto::INTS);
    for (const std::uint32_t number : numbers) made.add_ints(number);
  }

  /// The name under which the file holds a weight.
  std::string constant(std::uint32_t place) {
    const weight& from = model_.weights[place];
    // Names of weights may be alike.
    std::string name = fmt::format("weight {} {}", place, from.name);
    if (!written_.insert(place).second) return name;
    if (from.data.size() != n_elements(from.shape))
      throw config_error(fmt::format(
          "'{}' has no numbers: a model without its weights can't be written", from.name));
    onnx::TensorProto& tensor = *to_->add_initializer();
    tensor.set_name(name);
    tensor.set_data_type(onnx::TensorProto::FLOAT);
    for (const std::uint64_t size : from.shape) tensor.add_dims(static_cast<std::int64_t>(size));
    std::string raw(from.data.size() * sizeof(float), '\0');
    std::memcpy(raw.data(), from.data.data(), raw.size());
    tensor.set_raw_data(std::move(raw));
    return name;
  }

  std::string scalar(float number) {
    std::string name = fmt::format("limit {:a}", number);
    if (!limits_.insert(name).second) return name;
    onnx::TensorProto& tensor = *to_->add_initializer();
    tensor.set_name(name);
    tensor.set_data_type(onnx::TensorProto::FLOAT);
    tensor.add_float_data(number);
    return name;
  }

  const graph& model_;
  write_options how_;
  onnx::ModelProto file_;
  onnx::GraphProto* to_ = nullptr;
  std::set<std::uint32_t> written_;  // weights
  std::set<std::string> limits_;
};

}  // namespace

std::string write_onnx(const graph& model, const write_options& how) {
  const onnx::ModelProto file = onnx_writer(model, how).make();
  std::string bytes;
  if (file.ByteSizeLong() > std::numeric_limits<int>::max() || !file.SerializeToString(&bytes))
    throw config_error(
        fmt::format("a model of {} bytes can't be written as ONNX; accepted: {} at most",
                    file.ByteSizeLong(),
                    std::numeric_limits<int>::max()));
  return bytes;
}

}  // namespace rankwise::inference
