// SPDX-License-Identifier: MIT
// Damaged models: each is refused with its name, or can be run.
#include <rankwise/error.hpp>

#include "catch.hpp"
#include "inference/execute/executor.hpp"
#include "inference/graph.hpp"
#include "inference/model/onnx_reader.hpp"
#include "inference/model/onnx_writer.hpp"
#include "random_graph.hpp"

#include <cstddef>
#include <cstdint>
#include <onnx/onnx_pb.h>
#include <random>
#include <span>
#include <string>
#include <vector>

using namespace rankwise::inference;  // NOLINT: the test is all about it

namespace {

/// Counts what became of damaged files.
class fuzzer {
 public:
  void try_file(const std::string& bytes) {
    try {
      run(read_onnx(std::as_bytes(std::span(bytes)), "damaged.onnx"));
      ++n_read;
    } catch (const rankwise::config_error& error) {
      const std::string said = error.what();
      const bool is_named = said.starts_with("damaged.onnx: ") || said.starts_with("operator '");
      if (!is_named) FAIL("refused without a name: " << said);
      ++n_refused;
    }
  }

  int n_read = 0;
  int n_refused = 0;

 private:
  /// Small ones are run: what has been accepted must work.
  static void run(const graph& model) {
    std::uint64_t n = 0;
    for (const value_info& value : model.values) n += n_elements(value.shape);
    std::uint64_t work = 0;
    for (const operator_node& node : model.operators) {
      if (node.weights != no_weight) work += model.weights[node.weights].data.size();
    }
    constexpr std::uint64_t most = 100'000;
    if (n > most || work > most) return;
    executor made(model);
    const std::vector<float> inputs(made.n_inputs(), 0.5F);
    std::vector<float> outputs(made.n_outputs());
    made.run(inputs, outputs);
  }
};

std::int64_t odd_number(std::mt19937& random) {
  constexpr std::int64_t some[] = {
      0, -1, 1, 2, 3, 7, 255, 65'535, 65'536, 1LL << 31, 1LL << 32, 1LL << 62, -(1LL << 62)};
  return some[random() % std::size(some)];
}

/// Changes one thing that protobuf lets one change.
void change(onnx::ModelProto& model, std::mt19937& random) {
  onnx::GraphProto& graph = *model.mutable_graph();
  const auto any = [&random](int n) {
    return n == 0 ? 0 : static_cast<int>(random() % static_cast<unsigned>(n));
  };
  onnx::NodeProto& node = *graph.mutable_node(any(graph.node_size()));
  switch (random() % 14) {
    case 0:
      if (graph.initializer_size() != 0) {
        onnx::TensorProto& tensor = *graph.mutable_initializer(any(graph.initializer_size()));
        if (tensor.dims_size() != 0) tensor.set_dims(any(tensor.dims_size()), odd_number(random));
      }
      break;
    case 1:
      if (graph.initializer_size() != 0)
        graph.mutable_initializer(any(graph.initializer_size()))
            ->set_data_type(static_cast<std::int32_t>(random() % 20));
      break;
    case 2:
      if (graph.initializer_size() != 0) {
        std::string& raw =
            *graph.mutable_initializer(any(graph.initializer_size()))->mutable_raw_data();
        raw.resize(random() % (raw.size() + 9));
      }
      break;
    case 3:
      if (node.attribute_size() != 0) {
        onnx::AttributeProto& one = *node.mutable_attribute(any(node.attribute_size()));
        if (one.ints_size() != 0) {
          one.set_ints(any(one.ints_size()), odd_number(random));
        } else {
          one.set_i(odd_number(random));
        }
      }
      break;
    case 4:
      if (node.attribute_size() != 0)
        node.mutable_attribute(any(node.attribute_size()))->add_ints(odd_number(random));
      break;
    case 5:
      if (node.attribute_size() != 0)
        node.mutable_attribute()->DeleteSubrange(any(node.attribute_size()), 1);
      break;
    case 6:
      if (node.input_size() != 0) node.mutable_input()->DeleteSubrange(any(node.input_size()), 1);
      break;
    case 7:
      if (node.input_size() != 0) {
        const onnx::NodeProto& other = graph.node(any(graph.node_size()));
        node.set_input(any(node.input_size()), other.output_size() ? other.output(0) : "");
      }
      break;
    case 8:
      if (graph.initializer_size() != 0)
        node.add_input(graph.initializer(any(graph.initializer_size())).name());
      break;
    case 9:
      node.set_op_type(graph.node(any(graph.node_size())).op_type());
      break;
    case 10:
      node.clear_output();
      break;
    case 11:
      if (graph.node_size() > 1)
        graph.mutable_node()->SwapElements(any(graph.node_size()), any(graph.node_size()));
      break;
    case 12: {
      auto& shape = *graph.mutable_input(0)->mutable_type()->mutable_tensor_type()->mutable_shape();
      if (shape.dim_size() != 0)
        shape.mutable_dim(any(shape.dim_size()))->set_dim_value(odd_number(random));
      break;
    }
    default:
      graph.mutable_output(0)->set_name(node.output_size() ? node.output(0) : "");
      break;
  }
}

}  // namespace

TEST_CASE("models whose fields are damaged are refused by name, or run") {
  fuzzer all;
  for (std::uint32_t seed = 0; seed < 6000; ++seed) {
    std::mt19937 random(seed);
    onnx::ModelProto model;
    const std::string whole =
        write_onnx(rankwise::test::random_graph(seed % 60, rankwise::test::graph_parts::all),
                   {.opset = seed % 2 == 0 ? 11U : 9U});
    REQUIRE(model.ParseFromString(whole));
    const std::uint32_t n_changes = 1 + static_cast<std::uint32_t>(random()) % 3;
    for (std::uint32_t i = 0; i < n_changes; ++i) change(model, random);
    INFO("seed " << seed);
    all.try_file(model.SerializeAsString());
  }
  CHECK(all.n_refused > 1500);
  CHECK(all.n_read > 500);
}

TEST_CASE("models whose bytes are damaged or cut short are refused by name, or run") {
  fuzzer all;
  for (std::uint32_t seed = 0; seed < 6000; ++seed) {
    std::mt19937 random(seed);
    std::string bytes = write_onnx(rankwise::test::random_graph(seed % 60));
    const std::uint32_t n_changes = 1 + static_cast<std::uint32_t>(random()) % 4;
    for (std::uint32_t i = 0; i < n_changes; ++i)
      bytes[random() % bytes.size()] = static_cast<char>(random());
    if (seed % 3 == 0) bytes.resize(random() % bytes.size());
    INFO("seed " << seed);
    all.try_file(bytes);
  }
  CHECK(all.n_refused > 1500);
}
