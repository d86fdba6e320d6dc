// SPDX-License-Identifier: MIT
#include "inference/model/onnx_reader.hpp"

#include <rankwise/error.hpp>

#include "inference/model/graph_builder.hpp"
#include "inference/model/onnx_node.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <fstream>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/stubs/logging.h>
#include <iterator>
#include <limits>
#include <map>
#include <onnx/onnx_pb.h>
#include <set>
#include <system_error>
#include <utility>
#include <vector>

namespace rankwise::inference {

namespace {

onnx::ModelProto parse(std::span<const std::byte> bytes, const std::string& name) {
  // protobuf's own lines on stderr would stand beside the one that says what is wrong.
  const google::protobuf::LogSilencer silence;
  constexpr std::size_t most = std::numeric_limits<int>::max();
  if (bytes.size() > most)
    throw config_error(
        fmt::format("{}: found {} bytes; accepted: {} at most", name, bytes.size(), most));
  google::protobuf::io::ArrayInputStream stream(bytes.data(), static_cast<int>(bytes.size()));
  google::protobuf::io::CodedInputStream coded(&stream);
  onnx::ModelProto model;
  if (!model.ParseFromCodedStream(&coded) || !coded.ConsumedEntireMessage())
    throw config_error(
        fmt::format("{}: found {} bytes that are no ONNX model", name, bytes.size()));
  if (!model.has_graph()) throw config_error(fmt::format("{}: found no graph", name));
  return model;
}

std::int64_t opset_of(const onnx::ModelProto& model, const std::string& name) {
  constexpr std::int64_t least = 7;
  constexpr std::int64_t most = 21;
  for (const onnx::OperatorSetIdProto& set : model.opset_import()) {
    if (!set.domain().empty() && set.domain() != "ai.onnx") continue;
    if (set.version() >= least && set.version() <= most) return set.version();
    throw config_error(
        fmt::format("{}: found opset {}; accepted: {} to {}", name, set.version(), least, most));
  }
  throw config_error(fmt::format("{}: found no opset; accepted: {} to {}", name, least, most));
}

std::vector<std::uint64_t> shape_of_input(const onnx::ValueInfoProto& input,
                                          const std::string& name) {
  const std::string where = fmt::format("{}: input '{}'", name, input.name());
  const onnx::TypeProto::Tensor& tensor = input.type().tensor_type();
  if (tensor.elem_type() != onnx::TensorProto::FLOAT)
    throw config_error(
        fmt::format("{}: found elements of type {}; accepted: FLOAT", where, tensor.elem_type()));
  if (tensor.shape().dim_size() != 4)
    throw config_error(
        fmt::format("{}: found {} dimensions; accepted: 4, an image [1, channels, "
                    "height, width] or [1, height, width, channels]",
                    where,
                    tensor.shape().dim_size()));
  std::vector<std::uint64_t> shape{1};
  constexpr std::int64_t most = 1 << 20;
  std::uint64_t n = 1;
  for (int i = 0; i < 4; ++i) {
    const onnx::TensorShapeProto::Dimension& dimension = tensor.shape().dim(i);
    if (i == 0) {
      if (dimension.has_dim_value() && dimension.dim_value() > 1)
        throw config_error(
            fmt::format("{}: found a batch of {}; accepted: 1", where, dimension.dim_value()));
      continue;
    }
    if (!dimension.has_dim_value())
      throw config_error(fmt::format(
          "{}: found '{}' for dimension {}; accepted: a number", where, dimension.dim_param(), i));
    if (dimension.dim_value() < 1 || dimension.dim_value() > most ||
        (n *= static_cast<std::uint64_t>(dimension.dim_value())) > most_elements)
      throw config_error(fmt::format("{}: found {} for dimension {}; accepted: 1 to {}",
                                     where,
                                     dimension.dim_value(),
                                     i,
                                     most));
    shape.push_back(static_cast<std::uint64_t>(dimension.dim_value()));
  }
  return shape;
}

/// Whether the nodes take the input [1, height, width, channels], as TensorFlow has it: the first
/// Transpose that it comes to, unchanged but for its numbers, puts the channels in front.
bool is_taken_channels_last(const onnx::ModelProto& model, const std::string& input) {
  static const std::set<std::string> keep_layout{"Add",
                                                 "Cast",
                                                 "Clip",
                                                 "Div",
                                                 "Dropout",
                                                 "Identity",
                                                 "Max",
                                                 "Min",
                                                 "Mul",
                                                 "Pad",
                                                 "Relu",
                                                 "Sub"};
  const std::vector<std::int64_t> channels_first{0, 3, 1, 2};
  std::set<std::string> seen{input};
  for (const onnx::NodeProto& node : model.graph().node()) {
    const bool takes_it = std::any_of(node.input().begin(),
                                      node.input().end(),
                                      [&](const auto& one) { return seen.contains(one); });
    if (!takes_it || node.output_size() == 0) continue;
    if (keep_layout.contains(node.op_type())) seen.insert(node.output(0));
    if (node.op_type() != "Transpose") continue;
    for (const onnx::AttributeProto& one : node.attribute()) {
      if (one.name() == "perm")
        return std::equal(
            one.ints().begin(), one.ints().end(), channels_first.begin(), channels_first.end());
    }
  }
  return false;
}

}  // namespace

graph read_onnx(std::span<const std::byte> bytes, const std::string& name) {
  const onnx::ModelProto model = parse(bytes, name);
  const std::int64_t opset = opset_of(model, name);
  std::map<std::string, std::uint32_t> n_uses;
  std::vector<std::string> outputs;
  for (const onnx::NodeProto& node : model.graph().node()) {
    for (const std::string& input : node.input()) ++n_uses[input];
  }
  for (const onnx::ValueInfoProto& output : model.graph().output()) {
    ++n_uses[output.name()];
    outputs.push_back(output.name());
  }
  if (outputs.empty()) throw config_error(fmt::format("{}: found no output", name));

  graph_builder builder(std::move(n_uses));
  std::set<std::string> constants;
  for (const onnx::TensorProto& tensor : model.graph().initializer()) {
    builder.add_constant(tensor.name(),
                         read_tensor(tensor, fmt::format("{}: '{}'", name, tensor.name())));
    constants.insert(tensor.name());
  }
  std::set<std::string> inputs;
  for (const onnx::ValueInfoProto& input : model.graph().input()) {
    // Before version 4 of the format initializers stood here too.
    if (constants.contains(input.name()) || !inputs.insert(input.name()).second) continue;
    builder.add_input(
        input.name(), shape_of_input(input, name), is_taken_channels_last(model, input.name()));
  }
  if (inputs.size() != 1)
    throw config_error(fmt::format("{}: found {} inputs; accepted: 1", name, inputs.size()));
  for (const onnx::NodeProto& node : model.graph().node())
    builder.add(onnx_node(node, opset, name));
  return std::move(builder).finish(outputs, name);
}

graph read_onnx_file(const std::filesystem::path& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
  if (!file.is_open() || file.bad())
    throw config_error(fmt::format(
        "{}: {}", path.string(), std::generic_category().message(errno == 0 ? EIO : errno)));
  return read_onnx(std::as_bytes(std::span(bytes)), path.string());
}

}  // namespace rankwise::inference
