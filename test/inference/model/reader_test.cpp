// SPDX-License-Identifier: MIT
#include <rankwise/error.hpp>

#include "catch.hpp"
#include "inference/graph.hpp"
#include "inference/model/layer_cuts.hpp"
#include "inference/model/onnx_reader.hpp"
#include "onnx_maker.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <limits>
#include <numeric>
#include <string>
#include <variant>
#include <vector>

using namespace rankwise::inference;  // NOLINT: the test is all about it
using Catch::Matchers::Contains;
using Catch::Matchers::Equals;
using rankwise::test::onnx_maker;
using rankwise::test::set;

namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

using shape = std::vector<std::uint64_t>;

graph read(const onnx_maker& maker) {
  return read_onnx(maker.bytes(), "m.onnx");
}

std::string refusal_of(const onnx_maker& maker) {
  try {
    read(maker);
  } catch (const rankwise::config_error& error) {
    return error.what();
  }
  return "none";
}

/// A model of one input of this shape and one node, whose output is the model's.
onnx_maker one_node(const std::string& type,
                    const std::vector<std::int64_t>& in,
                    const std::vector<std::string>& more_inputs = {},
                    std::int64_t opset = 11,
                    const std::function<void(onnx::NodeProto&)>& change = {}) {
  onnx_maker maker(opset);
  maker.input("x", in).output("y");
  std::vector<std::string> inputs{"x"};
  inputs.insert(inputs.end(), more_inputs.begin(), more_inputs.end());
  onnx::NodeProto& node = maker.node(type, inputs, "y");
  if (change) change(node);
  return maker;
}

onnx_maker convolution_of(const std::vector<std::int64_t>& in,
                          const std::vector<std::int64_t>& kernel,
                          const std::function<void(onnx::NodeProto&)>& change = {}) {
  onnx_maker maker = one_node("Conv", in, {"w"}, 11, change);
  const std::int64_t n =
      std::accumulate(kernel.begin(), kernel.end(), std::int64_t{1}, std::multiplies<>());
  maker.floats("w", kernel, std::vector<float>(static_cast<std::size_t>(n), 0.5F));
  return maker;
}

shape output_shape(const graph& model) {
  return model.values[model.outputs.front()].shape;
}

template <class Operation>
const Operation& only(const graph& model) {
  REQUIRE(model.operators.size() == 1);
  REQUIRE(std::holds_alternative<Operation>(model.operators.front().what));
  return std::get<Operation>(model.operators.front().what);
}

}  // namespace

TEST_CASE("a convolution: pads, strides, dilations, groups") {
  const graph model = read(convolution_of({1, 4, 9, 8}, {6, 2, 3, 2}, [](onnx::NodeProto& node) {
    set(node, "group", std::int64_t{2});
    set(node, "pads", {1, 0, 2, 3});
    set(node, "strides", {2, 1});
    set(node, "dilations", {1, 2});
  }));
  const auto& what = only<convolution>(model);
  CHECK(what.groups == 2);
  CHECK(what.over.kernel_height == 3);
  CHECK(what.over.kernel_width == 2);
  CHECK(what.over.pad_top == 1);
  CHECK(what.over.pad_bottom == 2);
  CHECK(what.over.pad_right == 3);
  CHECK(output_shape(model) == shape{1, 6, 5, 9});
  CHECK(model.weights[model.operators.front().bias].data == std::vector<float>(6, 0.0F));
}

TEST_CASE("auto_pad puts the odd pad at the end, or at the beginning") {
  const auto padded = [](const char* how) {
    return read(convolution_of({1, 1, 6, 5}, {1, 1, 3, 3}, [how](onnx::NodeProto& node) {
      set(node, "kernel_shape", {3, 3});
      set(node, "strides", {2, 2});
      rankwise::test::set_text(node, "auto_pad", how);
    }));
  };
  const graph upper = padded("SAME_UPPER");
  CHECK(output_shape(upper) == shape{1, 1, 3, 3});
  CHECK(only<convolution>(upper).over.pad_top == 0);
  CHECK(only<convolution>(upper).over.pad_bottom == 1);
  CHECK(only<convolution>(upper).over.pad_left == 1);
  const graph lower = padded("SAME_LOWER");
  CHECK(only<convolution>(lower).over.pad_top == 1);
  CHECK(only<convolution>(lower).over.pad_bottom == 0);
  CHECK(output_shape(padded("VALID")) == shape{1, 1, 2, 2});
  CHECK_THAT(refusal_of(convolution_of({1, 1, 6, 5},
                                       {1, 1, 3, 3},
                                       [](onnx::NodeProto& node) {
                                         rankwise::test::set_text(node, "auto_pad", "SOME");
                                       })),
             Equals("m.onnx: node 'y' (Conv): found auto_pad SOME; accepted: NOTSET, VALID, "
                    "SAME_UPPER, SAME_LOWER"));
}

TEST_CASE("a normalization becomes part of the convolution before it") {
  onnx_maker maker;
  maker.input("x", {1, 1, 2, 2}).output("y");
  maker.floats("w", {2, 1, 1, 1}, {1, 2}).floats("b", {2}, {10, 20});
  maker.floats("scale", {2}, {3, 1}).floats("shift", {2}, {0.5F, -1});
  maker.floats("mean", {2}, {4, 0}).floats("variance", {2}, {3, 0});
  maker.node("Conv", {"x", "w", "b"}, "c");
  set(maker.node("BatchNormalization", {"c", "scale", "shift", "mean", "variance"}, "y"),
      "epsilon",
      1.0F);
  const graph model = read(maker);
  REQUIRE(model.operators.size() == 1);
  // y = (c - mean) / sqrt(variance + 1) * scale + shift
  CHECK(model.weights[model.operators[0].weights].data == std::vector<float>{1.5F, 2});
  CHECK(model.weights[model.operators[0].bias].data == std::vector<float>{15 - 6 + 0.5F, 19});

  SECTION("but by itself where another node takes the convolution's output too") {
    maker.output("c");
    const graph apart = read(maker);
    REQUIRE(apart.operators.size() == 2);
    const auto& alone = std::get<convolution>(apart.operators[1].what);
    CHECK(alone.groups == 2);
    CHECK(apart.weights[apart.operators[1].weights].data == std::vector<float>{1.5F, 1});
    CHECK(apart.outputs.size() == 2);
  }
}

TEST_CASE("a Clip in both its forms, and a Relu, become limits") {
  const auto limits = [](const onnx_maker& maker) {
    const graph model = read(maker);
    REQUIRE(model.operators.size() == 1);
    return std::pair(model.operators[0].low, model.operators[0].high);
  };
  const std::vector<std::int64_t> in{1, 2, 3, 3};
  CHECK(limits(one_node("Clip", in, {}, 9, [](onnx::NodeProto& node) {
          set(node, "min", 0.0F);
          set(node, "max", 6.0F);
        })) == std::pair(0.0F, 6.0F));
  CHECK(limits(one_node("Clip", in, {}, 9)) == std::pair(-infinity, infinity));
  CHECK(limits(one_node("Relu", in)) == std::pair(0.0F, infinity));
  onnx_maker above = one_node("Clip", in, {"", "six"});
  above.floats("six", {}, {6});
  CHECK(limits(above) == std::pair(-infinity, 6.0F));
  onnx_maker from_node = one_node("Clip", in, {"low"});
  onnx::NodeProto constant;
  constant.set_op_type("Constant");
  constant.add_output("low");
  set(constant, "value_float", -2.0F);
  *from_node.model.mutable_graph()->add_node() = constant;
  from_node.model.mutable_graph()->mutable_node()->SwapElements(0, 1);
  CHECK(limits(from_node) == std::pair(-2.0F, infinity));

  onnx_maker twice;
  twice.input("x", in).output("y").floats("one", {}, {1}).floats("three", {}, {3});
  twice.floats("w", {2, 2, 1, 1}, {1, 0, 0, 1});
  twice.node("Conv", {"x", "w"}, "c");
  twice.node("Relu", {"c"}, "r");
  twice.node("Clip", {"r", "one", "three"}, "y");
  CHECK(limits(twice) == std::pair(1.0F, 3.0F));

  onnx_maker wrong = one_node("Clip", in, {"six", "one"});
  wrong.floats("six", {}, {6}).floats("one", {}, {1});
  CHECK_THAT(refusal_of(wrong),
             Equals("m.onnx: node 'y' (Clip): found limits 6 and 1; accepted: a lower one and a "
                    "higher one"));
}

TEST_CASE("sums: of two values, and with a constant for each channel") {
  onnx_maker two;
  two.input("x", {1, 2, 3, 3}).output("y");
  two.node("Relu", {"x"}, "r");
  two.node("Add", {"x", "r"}, "y");
  CHECK(read(two).operators.size() == 2);

  onnx_maker bias;
  bias.input("x", {1, 1, 2, 2}).output("y").floats("w", {2, 1, 1, 1}, {1, 1});
  bias.floats("b", {2, 1, 1}, {3, 4});
  bias.node("Conv", {"x", "w"}, "c");
  bias.node("Add", {"b", "c"}, "y");
  const graph folded = read(bias);
  REQUIRE(folded.operators.size() == 1);
  CHECK(folded.weights[folded.operators[0].bias].data == std::vector<float>{3, 4});

  onnx_maker unlike;
  unlike.input("x", {1, 1, 2, 2}).output("y").floats("w", {2, 1, 1, 1}, {1, 1});
  unlike.node("Conv", {"x", "w"}, "c");
  unlike.node("Add", {"x", "c"}, "y");
  CHECK_THAT(refusal_of(unlike),
             Equals("m.onnx: node 'y' (Add): found values of shapes [1, 1, 2, 2] and "
                    "[1, 2, 2, 2]; accepted: two of one shape"));
}

TEST_CASE("means, with axes as an attribute or an input") {
  const std::vector<std::int64_t> in{1, 5, 3, 3};
  CHECK(output_shape(read(one_node("GlobalAveragePool", in))) == shape{1, 5, 1, 1});
  const auto mean = [&](std::int64_t keeps) {
    return one_node("ReduceMean", in, {}, 11, [keeps](onnx::NodeProto& node) {
      set(node, "axes", {-1, 2});
      set(node, "keepdims", keeps);
    });
  };
  CHECK(output_shape(read(mean(0))) == shape{1, 5});
  CHECK(output_shape(read(mean(1))) == shape{1, 5, 1, 1});
  onnx_maker newer = one_node("ReduceMean", in, {"axes"}, 18);
  newer.numbers("axes", {2, 3});
  CHECK(output_shape(read(newer)) == shape{1, 5, 1, 1});
  CHECK_THAT(refusal_of(one_node(
                 "ReduceMean", in, {}, 11, [](onnx::NodeProto& node) { set(node, "axes", {1}); })),
             Contains("node 'y' (ReduceMean): found the mean over axes [1]"));
}

TEST_CASE("pooling, with ceil_mode") {
  const auto pool = [](const char* type, std::int64_t ceil) {
    return one_node(type, {1, 2, 6, 6}, {}, 11, [ceil](onnx::NodeProto& node) {
      set(node, "kernel_shape", {3, 3});
      set(node, "strides", {2, 2});
      set(node, "ceil_mode", ceil);
    });
  };
  CHECK(output_shape(read(pool("MaxPool", 0))) == shape{1, 2, 2, 2});
  CHECK(output_shape(read(pool("MaxPool", 1))) == shape{1, 2, 3, 3});
  CHECK(output_shape(read(pool("AveragePool", 0))) == shape{1, 2, 2, 2});
  CHECK(output_shape(read(pool("AveragePool", 1))) == shape{1, 2, 3, 3});
  CHECK_THAT(refusal_of(one_node("MaxPool", {1, 2, 6, 6})), Contains("found no kernel_shape"));
}

TEST_CASE("shapes: Flatten, and Reshape with 0 and -1") {
  CHECK(output_shape(read(one_node("Flatten", {1, 2, 3, 4}))) == shape{1, 24});
  const auto reshaped = [](const std::vector<std::int64_t>& to) {
    onnx_maker maker = one_node("Reshape", {1, 2, 3, 4}, {"to"});
    maker.numbers("to", to);
    return maker;
  };
  CHECK(output_shape(read(reshaped({1, -1}))) == shape{1, 24});
  CHECK(output_shape(read(reshaped({0, 0, -1, 6}))) == shape{1, 2, 2, 6});
  CHECK_THAT(refusal_of(reshaped({1, 7})), Contains("node 'y' (Reshape): found"));
  CHECK_THAT(refusal_of(reshaped({-1, -1})), Contains("node 'y' (Reshape): found"));
}

TEST_CASE("products: Gemm with alpha, beta and transB, and MatMul") {
  const auto row_model = [](const std::string& type,
                            const std::vector<std::string>& inputs,
                            const std::function<void(onnx::NodeProto&)>& change = {}) {
    onnx_maker maker;
    maker.input("x", {1, 2, 1, 1}).output("y");
    maker.node("Flatten", {"x"}, "row");
    onnx::NodeProto& node = maker.node(type, inputs, "y");
    if (change) change(node);
    maker.floats("w", {2, 3}, {1, 2, 3, 4, 5, 6}).floats("t", {3, 2}, {1, 4, 2, 5, 3, 6});
    maker.floats("b", {3}, {1, 1, 2});
    return read(maker);
  };
  const std::vector<float> by_output{1, 4, 2, 5, 3, 6};
  const graph plain = row_model("Gemm", {"row", "w", "b"});
  CHECK(plain.weights[plain.operators.back().weights].data == by_output);
  CHECK(plain.weights[plain.operators.back().bias].data == std::vector<float>{1, 1, 2});
  const graph scaled = row_model("Gemm", {"row", "t", "b"}, [](onnx::NodeProto& node) {
    set(node, "transB", std::int64_t{1});
    set(node, "alpha", 2.0F);
    set(node, "beta", 0.5F);
  });
  CHECK(scaled.weights[scaled.operators.back().weights].data ==
        std::vector<float>{2, 8, 4, 10, 6, 12});
  CHECK(scaled.weights[scaled.operators.back().bias].data == std::vector<float>{0.5F, 0.5F, 1});
  const graph product = row_model("MatMul", {"row", "w"});
  CHECK(product.weights[product.operators.back().weights].data == by_output);
  CHECK(product.operators.back().bias == no_weight);
}

TEST_CASE("what does nothing vanishes, and what is not needed is left out") {
  onnx_maker maker;
  maker.input("x", {1, 2, 2, 2}).output("y");
  maker.node("Identity", {"x"}, "i");
  maker.node("Dropout", {"i"}, "d");
  maker.node("Relu", {"d"}, "r");
  maker.node("Identity", {"r"}, "y");
  maker.node("Flatten", {"r"}, "unused");
  const graph model = read(maker);
  REQUIRE(model.operators.size() == 1);
  CHECK(model.operators[0].inputs == model.inputs);
  CHECK(model.values.size() == 2);
}

TEST_CASE("a softmax is over the last axis") {
  onnx_maker maker;
  maker.input("x", {1, 2, 1, 1}).output("y");
  maker.node("Flatten", {"x"}, "row");
  maker.node("Softmax", {"row"}, "y");
  CHECK(std::holds_alternative<softmax>(read(maker).operators.back().what));
  CHECK_THAT(refusal_of(one_node("Softmax", {1, 2, 3, 3}, {}, 13)),
             Contains("node 'y' (Softmax): found"));
}

TEST_CASE("constants of every kind that is accepted") {
  const auto weights_of = [](const std::function<void(onnx::TensorProto&)>& fill) {
    onnx_maker maker = one_node("Conv", {1, 1, 1, 1}, {"w"});
    onnx::TensorProto& tensor = *maker.model.mutable_graph()->add_initializer();
    tensor.set_name("w");
    for (const int size : {2, 1, 1, 1}) tensor.add_dims(size);
    fill(tensor);
    const graph model = read(maker);
    return model.weights[model.operators[0].weights].data;
  };
  const std::vector<float> wanted{1.5F, -0.25F};
  CHECK(weights_of([](onnx::TensorProto& tensor) {
          tensor.set_data_type(onnx::TensorProto::FLOAT);
          tensor.set_raw_data(std::string("\0\0\xc0\x3f\0\0\x80\xbe", 8));
        }) == wanted);
  CHECK(weights_of([](onnx::TensorProto& tensor) {
          tensor.set_data_type(onnx::TensorProto::DOUBLE);
          tensor.add_double_data(1.5);
          tensor.add_double_data(-0.25);
        }) == wanted);
  CHECK(weights_of([](onnx::TensorProto& tensor) {
          tensor.set_data_type(onnx::TensorProto::FLOAT16);
          tensor.set_raw_data(std::string("\x00\x3e\x00\xb4", 4));
        }) == wanted);
  CHECK_THROWS_WITH(weights_of([](onnx::TensorProto& tensor) {
                      tensor.set_data_type(onnx::TensorProto::FLOAT);
                      tensor.add_float_data(1);
                    }),
                    "m.onnx: 'w': found 1 elements, where its shape has 2");
  CHECK_THROWS_WITH(weights_of([](onnx::TensorProto& tensor) {
                      tensor.set_data_type(onnx::TensorProto::FLOAT);
                      tensor.set_data_location(onnx::TensorProto::EXTERNAL);
                    }),
                    Contains("its data are in another file"));
  CHECK_THROWS_WITH(
      weights_of([](onnx::TensorProto& tensor) { tensor.set_data_type(onnx::TensorProto::INT8); }),
      Contains("'w': found elements of type 3"));
}

TEST_CASE("an old model lists its constants among the inputs") {
  onnx_maker maker = convolution_of({1, 1, 2, 2}, {1, 1, 1, 1});
  maker.input("w", {1, 1, 1, 1});
  CHECK(read(maker).inputs.size() == 1);
}

TEST_CASE("what can't be run is refused by name") {
  CHECK_THAT(
      refusal_of(one_node("Tanh", {1, 1, 2, 2})),
      Equals("m.onnx: node 'y' (Tanh): found an operator that can't be run (opset 11); accepted: "
             "Add, AveragePool, BatchNormalization, Cast, Clip, Concat, Constant, ConstantOfShape, "
             "Conv, Div, Dropout, Flatten, Gather, Gemm, GlobalAveragePool, Identity, MatMul, Max, "
             "MaxPool, Min, Mul, Pad, ReduceMean, Relu, Reshape, Shape, Slice, Softmax, Squeeze, "
             "Sub, Sum, Transpose, Unsqueeze"));
  CHECK_THAT(refusal_of(one_node("Relu", {1, 1, 2, 2}, {}, 6)),
             Equals("m.onnx: found opset 6; accepted: 7 to 21"));
  CHECK_THAT(refusal_of(one_node("Relu", {2, 1, 2, 2})), Contains("found a batch of 2"));
  CHECK_THAT(refusal_of(one_node("Relu", {1, 1, 2})), Contains("found 3 dimensions"));
  CHECK_THAT(refusal_of(one_node("Relu", {1, 0, 2, 2})), Contains("found 0 for dimension 1"));
  CHECK_THAT(refusal_of(convolution_of({1, 3, 4, 4}, {2, 2, 1, 1})),
             Contains("node 'y' (Conv): found 1 groups and weights of shape [2, 2, 1, 1] for 3 "
                      "channels"));
  CHECK_THAT(refusal_of(convolution_of({1, 1, 2, 2}, {1, 1, 3, 3})),
             Contains("node 'y' (Conv): found a window of 3 over 2 with pads of 0"));
  onnx_maker symbolic = one_node("Relu", {1, 1, 2, 2});
  symbolic.model.mutable_graph()
      ->mutable_input(0)
      ->mutable_type()
      ->mutable_tensor_type()
      ->mutable_shape()
      ->mutable_dim(2)
      ->set_dim_param("height");
  CHECK_THAT(refusal_of(symbolic),
             Equals("m.onnx: input 'x': found 'height' for dimension 2; accepted: a number"));
  onnx_maker nothing;
  nothing.input("x", {1, 1, 1, 1}).output("y");
  CHECK_THAT(refusal_of(nothing), Equals("m.onnx: no node makes the output 'y'"));
  onnx_maker early;
  early.input("x", {1, 1, 1, 1}).output("y");
  early.node("Relu", {"later"}, "y");
  CHECK_THAT(refusal_of(early),
             Contains("node 'y' (Relu): found input 'later', which no node before it makes"));
  onnx_maker twice;
  twice.input("x", {1, 1, 1, 1}).output("y");
  twice.node("Relu", {"x"}, "y");
  twice.node("Relu", {"x"}, "y");
  CHECK_THAT(refusal_of(twice), Contains("found a second value of the name 'y'"));
}

TEST_CASE("files that are no model, or not there") {
  const std::string text = "not a model at all";
  CHECK_THROWS_WITH(read_onnx(std::as_bytes(std::span(text)), "m.onnx"),
                    "m.onnx: found 18 bytes that are no ONNX model");
  CHECK_THROWS_WITH(read_onnx({}, "m.onnx"), "m.onnx: found no graph");
  CHECK_THROWS_WITH(read_onnx_file("/no/such.onnx"), "/no/such.onnx: No such file or directory");
}

TEST_CASE("the trained MobileNetV2, where it is at hand") {
  const char* const directory = std::getenv("RANKWISE_TEST_MODELS");
  if (directory == nullptr) {
    WARN("RANKWISE_TEST_MODELS names no directory with models: left out");
    return;
  }
  const graph model = read_onnx_file(std::string(directory) + "/mobilenet_v2_1.0_224.onnx");
  CHECK(model.operators.size() == 66);  // 52 convolutions, 10 sums, mean, row, product, softmax
  CHECK(n_layers(model) == 157);
  CHECK(output_shape(model) == shape{1, 1001});
}
