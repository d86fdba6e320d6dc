// SPDX-License-Identifier: MIT
#include <rankwise/error.hpp>

#include "catch.hpp"
#include "inference/graph.hpp"
#include "inference/model/cut_points.hpp"
#include "inference/model/layer_cuts.hpp"
#include "inference/model/model_maker.hpp"
#include "inference/model/onnx_reader.hpp"
#include "inference/model/onnx_writer.hpp"
#include "random_graph.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <unistd.h>
#include <variant>
#include <vector>

using namespace rankwise::inference;  // NOLINT: the test is all about it
using rankwise::test::random_graph;

namespace {

graph read_back(const graph& model, std::uint32_t opset) {
  const std::string bytes = write_onnx(model, {.opset = opset});
  return read_onnx(std::as_bytes(std::span(bytes)), "made.onnx");
}

std::vector<float> numbers_of(const graph& model, std::uint32_t place) {
  return place == no_weight ? std::vector<float>{} : model.weights[place].data;
}

/// Whether one is the other, but for names and the order of weights.
void require_alike(const graph& left, const graph& right) {
  REQUIRE(left.operators.size() == right.operators.size());
  REQUIRE(left.values.size() == right.values.size());
  for (std::size_t i = 0; i < left.operators.size(); ++i) {
    const operator_node& one = left.operators[i];
    const operator_node& other = right.operators[i];
    REQUIRE(one.what.index() == other.what.index());
    REQUIRE(one.inputs.size() == other.inputs.size());
    REQUIRE(left.values[one.output].shape == right.values[other.output].shape);
    REQUIRE(left.values[one.output].name == right.values[other.output].name);
    for (std::size_t k = 0; k < one.inputs.size(); ++k)
      REQUIRE(left.values[one.inputs[k]].name == right.values[other.inputs[k]].name);
    REQUIRE(one.low == other.low);
    REQUIRE(one.high == other.high);
    REQUIRE(numbers_of(left, one.weights) == numbers_of(right, other.weights));
    const std::vector<float> bias = numbers_of(left, one.bias);
    // A product without a bias comes back with zeros.
    if (!bias.empty()) REQUIRE(bias == numbers_of(right, other.bias));
  }
}

}  // namespace

TEST_CASE("a model that is written is read back as it was, in each opset") {
  for (const std::uint32_t opset : {9U, 10U, 11U, 12U}) {
    for (std::uint32_t seed = 0; seed < 80; ++seed) {
      INFO("opset " << opset << ", seed " << seed);
      const graph model = random_graph(seed);
      require_alike(model, read_back(model, opset));
    }
  }
}

TEST_CASE("a made-up MobileNetV2 has the shapes and layers of the real one") {
  const graph model = make_mobilenet_v2({.width = 1, .size = 224, .n_classes = 1001});
  CHECK(model.operators.size() == 65);
  CHECK(n_layers(model) == 157);
  std::uint64_t n_bytes_of_weights = 0;
  for (std::size_t i = 0; i < model.operators.size(); ++i)
    n_bytes_of_weights += weight_bytes(model, i);
  // 3.5 million parameters, as Keras has them without what it folds into weights.
  CHECK(n_bytes_of_weights / 4 > 3'400'000);
  CHECK(n_bytes_of_weights / 4 < 3'600'000);
  CHECK(model.values[model.outputs.front()].shape == std::vector<std::uint64_t>{1, 1001});
  require_alike(model, read_back(model, 11));

  // The same numbers on each call, and on each machine.
  const graph again = make_mobilenet_v2({.width = 1, .size = 224, .n_classes = 1001});
  CHECK(again.weights.front().data == model.weights.front().data);
  CHECK(model.weights.front().data.front() == Approx(0.36794));
  CHECK(make_mobilenet_v2({.width = 1, .size = 224, .n_classes = 1001, .seed = 2})
            .weights.front()
            .data != model.weights.front().data);
}

TEST_CASE("made-up models of other widths and odd sizes can be written and read") {
  for (const double width : {0.1, 0.35, 0.75, 1.4}) {
    for (const std::uint32_t size : {32U, 75U, 96U}) {
      const graph model = make_mobilenet_v2({.width = width, .size = size, .n_classes = 3});
      require_alike(model, read_back(model, 11));
    }
  }
}

TEST_CASE("a model in a file is read, and one without weights is not written") {
  const std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("writer" + std::to_string(::getpid()) + ".onnx");
  const graph model = random_graph(1);
  std::ofstream(path, std::ios::binary) << write_onnx(model);
  require_alike(model, read_onnx_file(path));
  std::filesystem::remove(path);
  CHECK_THROWS_AS(write_onnx(skeleton_of(make_mobilenet_v2({.size = 32}))), rankwise::config_error);
}
