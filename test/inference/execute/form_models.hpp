// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/error.hpp>

#include "catch.hpp"
#include "inference/execute/executor.hpp"
#include "inference/graph.hpp"
#include "inference/model/onnx_reader.hpp"
#include "onnx_maker.hpp"
#include "random_graph.hpp"
#include "reference.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

/// What tests of ONNX's forms share: models made node by node, and their answers.
namespace rankwise::test {

using inference::executor;
using inference::graph;

using shape = std::vector<std::uint64_t>;
using sizes = std::vector<std::int64_t>;

inline graph read(const onnx_maker& maker) {
  return inference::read_onnx(maker.bytes(), "m.onnx");
}

inline std::string refusal_of(const onnx_maker& maker) {
  try {
    read(maker);
  } catch (const config_error& error) {
    return error.what();
  }
  return "none";
}

/// Numbers that are the same on each call, from -1 to 1.
inline std::vector<float> some(std::size_t n, std::uint32_t seed = 1) {
  return graph_maker(seed).numbers(n);
}

inline std::vector<float> channels_last(const shape& of, const std::vector<float>& from) {
  if (of.size() != 4) return from;
  std::vector<float> to(from.size());
  const std::size_t pixels = of[2] * of[3];
  for (std::size_t c = 0; c < of[1]; ++c) {
    for (std::size_t pixel = 0; pixel < pixels; ++pixel)
      to[pixel * of[1] + c] = from[c * pixels + pixel];
  }
  return to;
}

inline std::vector<float> channels_first(const shape& of, const std::vector<float>& from) {
  if (of.size() != 4) return from;
  return channels_last({1, of[2] * of[3], 1, of[1]}, from);
}

/// What a model makes of an image, as ONNX has it: [1, channels, height, width]. The reference is
/// asked too.
inline std::vector<float> answer(const onnx_maker& maker, const std::vector<float>& image) {
  const graph model = read(maker);
  REQUIRE(model.inputs.size() == 1);
  REQUIRE(model.outputs.size() == 1);
  const shape& in = model.values[model.inputs[0]].shape;
  const shape& out = model.values[model.outputs[0]].shape;
  executor run(model);
  std::vector<float> found(run.n_outputs());
  run.run(channels_last(in, image), found);
  const reference_value wanted = reference(model).run({image}).front();
  found = channels_first(out, found);
  for (std::size_t i = 0; i < found.size(); ++i)
    REQUIRE(std::abs(static_cast<double>(found[i]) - wanted.numbers[i]) <=
            wanted.bounds[i] + 1e-30);
  return found;
}

inline void require_alike(const std::vector<float>& left, const std::vector<float>& right) {
  REQUIRE(left.size() == right.size());
  for (std::size_t i = 0; i < left.size(); ++i) REQUIRE(left[i] == Approx(right[i]).margin(2e-6));
}

inline constexpr std::int64_t n_channels = 3;

/// Weights of what the models below share: a convolution to five channels, and a product of five
/// numbers to four.
inline onnx_maker start(std::int64_t opset, const sizes& input) {
  onnx_maker maker(opset);
  maker.input("x", input).output("y");
  maker.floats("w", {5, n_channels, 3, 3}, some(5 * 3 * 9, 2)).floats("b", {5}, some(5, 3));
  maker.floats("W", {5, 4}, some(20, 4)).floats("B", {4}, some(4, 5));
  return maker;
}

inline void convolve(onnx_maker& maker, const std::string& from, const std::string& to) {
  set(maker.node("Conv", {from, "w", "b"}, to), "pads", {1, 1, 1, 1});
}

inline constexpr std::size_t size = 6;

inline std::vector<float> image() {
  return some(3 * size * size, 9);
}

inline const sizes plain_input{1, 3, size, size};
inline const sizes last_input{1, size, size, 3};

/// Convolution, Relu, mean, product with a bias, softmax: as PyTorch writes it.
inline std::vector<float> plain_answer() {
  onnx_maker maker = start(13, plain_input);
  convolve(maker, "x", "c");
  maker.node("Relu", {"c"}, "r");
  maker.node("GlobalAveragePool", {"r"}, "p");
  maker.node("Flatten", {"p"}, "f");
  maker.node("Gemm", {"f", "W", "B"}, "g");
  maker.node("Softmax", {"g"}, "y");
  return answer(maker, image());
}

/// The same up to the mean [1, 5, 1, 1] "p", in some opset.
inline onnx_maker up_to_mean(std::int64_t opset) {
  onnx_maker maker = start(opset, plain_input);
  convolve(maker, "x", "c");
  maker.node("Relu", {"c"}, "r");
  maker.node("GlobalAveragePool", {"r"}, "p");
  return maker;
}

/// A model of one node over an image, with more inputs.
inline onnx_maker one_node(const std::string& type,
                           std::int64_t opset,
                           const sizes& in,
                           const std::vector<std::string>& inputs,
                           const std::function<void(onnx::NodeProto&)>& change = {}) {
  onnx_maker maker(opset);
  maker.input("x", in).output("y");
  onnx::NodeProto& node = maker.node(type, inputs, "y");
  if (change) change(node);
  return maker;
}

inline void constant_node(onnx_maker& maker,
                          const std::string& name,
                          const sizes& numbers,
                          bool is_scalar = false) {
  onnx::AttributeProto& value =
      attribute(maker.node("Constant", {}, name), "value", onnx::AttributeProto::TENSOR);
  value.mutable_t()->set_data_type(onnx::TensorProto::INT64);
  if (!is_scalar) value.mutable_t()->add_dims(static_cast<std::int64_t>(numbers.size()));
  for (const std::int64_t one : numbers) value.mutable_t()->add_int64_data(one);
}

}  // namespace rankwise::test
