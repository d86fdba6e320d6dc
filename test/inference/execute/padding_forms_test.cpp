// SPDX-License-Identifier: MIT
// The forms in which padding is written, and windows that reach into it.
#include "catch.hpp"
#include "form_models.hpp"
#include "inference/graph.hpp"

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

using namespace rankwise::inference;  // NOLINT: the test is all about it
using namespace rankwise::test;       // NOLINT: and its helpers
using Catch::Matchers::Contains;

TEST_CASE("pads that PyTorch turns around with constants") {
  // [left, right, top, bottom] in front of zeros, cut in pairs, backwards, turned, in a row.
  onnx_maker maker = start(13, plain_input);
  constant_node(maker, "given", {1, 2, 0, 3});
  constant_node(maker, "four", {4});
  onnx::AttributeProto& zero = attribute(
      maker.node("ConstantOfShape", {"four"}, "zeros"), "value", onnx::AttributeProto::TENSOR);
  zero.mutable_t()->set_data_type(onnx::TensorProto::INT64);
  zero.mutable_t()->add_dims(1);
  zero.mutable_t()->add_int64_data(0);
  set(maker.node("Concat", {"given", "zeros"}, "all"), "axis", std::int64_t{0});
  maker.numbers("pairs", {-1, 2}).numbers("flat", {-1});
  maker.numbers("from", {-1}).numbers("end", {-9'223'372'036'854'775'807}).numbers("axis", {0});
  maker.numbers("step", {-1});
  maker.node("Reshape", {"all", "pairs"}, "rows");
  maker.node("Slice", {"rows", "from", "end", "axis", "step"}, "backwards");
  set(maker.node("Transpose", {"backwards"}, "turned"), "perm", {1, 0});
  maker.node("Reshape", {"turned", "flat"}, "pads");
  maker.node("Pad", {"x", "pads"}, "padded");
  set(maker.node("Conv", {"padded", "w", "b"}, "y"), "pads", {1, 0, 0, 1});
  const graph model = read(maker);
  REQUIRE(model.operators.size() == 1);
  const window& over = std::get<convolution>(model.operators[0].what).over;
  CHECK(over.pad_top == 1);
  CHECK(over.pad_left == 1);
  CHECK(over.pad_bottom == 3);
  CHECK(over.pad_right == 3);
  answer(maker, image());
}

TEST_CASE("a Pad before a convolution is part of it; another is an operator") {
  const auto padded = [](std::int64_t opset, const std::string& next, float number) {
    onnx_maker maker = start(opset, plain_input);
    onnx::NodeProto& pad = maker.node("Pad", {"x"}, "padded");
    if (opset < 11) {
      set(pad, "pads", {0, 0, 1, 0, 0, 0, 2, 3});
      set(pad, "value", number);
    } else {
      maker.numbers("pads", {0, 0, 1, 0, 0, 0, 2, 3}).floats("number", {}, {number});
      pad.add_input("pads");
      pad.add_input("number");
    }
    onnx::NodeProto& node = maker.node(next, {"padded"}, "y");
    if (next == "Conv") {
      node.add_input("w");
      node.add_input("b");
    } else {
      set(node, "kernel_shape", {2, 2});
      set(node, "strides", {2, 2});
    }
    return maker;
  };
  for (const std::int64_t opset : {9, 13, 18, 21}) {
    INFO("opset " << opset);
    const onnx_maker zeros = padded(opset, "Conv", 0);
    CHECK(read(zeros).operators.size() == 1);
    onnx_maker plain = start(13, plain_input);
    set(plain.node("Conv", {"x", "w", "b"}, "y"), "pads", {1, 0, 2, 3});
    require_alike(answer(zeros, image()), answer(plain, image()));
    const onnx_maker ones = padded(opset, "Conv", 1);
    CHECK(read(ones).operators.size() == 2);
    answer(ones, image());
    // Zeros are no padding to a maximum: an image of -1 gets a border of 0.
    const onnx_maker pooled = padded(opset, "MaxPool", 0);
    const std::vector<float> found = answer(pooled, std::vector<float>(3 * size * size, -1));
    CHECK(found.front() == 0);
    CHECK(found[5] == -1);
  }
  const auto other = [](const sizes& pads, const char* mode) {
    onnx_maker maker = one_node("Pad", 13, {1, 3, 4, 4}, {"x", "pads"});
    maker.numbers("pads", pads);
    set_text(*maker.model.mutable_graph()->mutable_node(0), "mode", mode);
    return maker;
  };
  CHECK_THAT(refusal_of(other({0, 0, 1, 1, 0, 0, 1, 1}, "reflect")),
             Contains("node 'y' (Pad): found mode reflect; accepted: constant"));
  CHECK_THAT(refusal_of(other({0, 0, -1, 1, 0, 0, 1, 1}, "constant")),
             Contains("node 'y' (Pad): found -1 pads of axis 2 of [1, 3, 4, 4]"));
  CHECK_THAT(refusal_of(other({1, 0, 0, 0, 0, 0, 0, 0}, "constant")),
             Contains("node 'y' (Pad): found 1 pads of axis 0"));
  CHECK_THAT(refusal_of(other({0, 0, 1}, "constant")),
             Contains("node 'y' (Pad): found 3 pads for 4 axes"));
}

TEST_CASE("channels are padded too, by axes, and behind a Transpose") {
  onnx_maker axes = one_node("Pad", 18, {1, 2, 1, 2}, {"x", "pads", "number", "axes"});
  axes.numbers("pads", {1, 0, 1, 2}).floats("number", {1}, {7}).numbers("axes", {1, -1});
  const std::vector<float> wanted{7, 7, 7, 7, 1, 2, 7, 7, 3, 4, 7, 7, 7, 7, 7, 7};
  CHECK(answer(axes, {1, 2, 3, 4}) == wanted);
  onnx_maker turned(13);
  turned.input("x", {1, 2, 1, 2}).output("y").floats("number", {}, {7});
  turned.numbers("pads", {0, 0, 0, 1, 0, 0, 2, 1});
  set(turned.node("Transpose", {"x"}, "t"), "perm", {0, 2, 3, 1});
  turned.node("Pad", {"t", "pads", "number"}, "p");
  set(turned.node("Transpose", {"p"}, "y"), "perm", {0, 3, 1, 2});
  CHECK(answer(turned, {1, 2, 3, 4}) == wanted);
}

TEST_CASE("pooling rounds up as PyTorch does") {
  const auto pool = [](const char* type,
                       std::int64_t width,
                       std::int64_t kernel,
                       std::int64_t stride,
                       std::int64_t before,
                       std::int64_t behind,
                       std::int64_t counts,
                       std::int64_t opset = 19) {
    return one_node(type, opset, {1, 1, 1, width}, {"x"}, [&](onnx::NodeProto& node) {
      set(node, "kernel_shape", {1, kernel});
      set(node, "strides", {1, stride});
      set(node, "pads", {0, before, 0, behind});
      set(node, "ceil_mode", std::int64_t{1});
      if (std::string(type) == "AveragePool") set(node, "count_include_pad", counts);
    });
  };
  using floats = std::vector<float>;
  // The last window reaches past the end.
  CHECK(answer(pool("MaxPool", 4, 3, 2, 0, 0, 0), {1, 2, 3, 4}) == floats{3, 4});
  CHECK(answer(pool("AveragePool", 4, 3, 2, 0, 0, 0), {1, 2, 3, 4}) == floats{2, 3.5F});
  CHECK(answer(pool("AveragePool", 4, 3, 2, 0, 0, 1), {1, 2, 3, 4}) == floats{2, 3.5F});
  // Places over pads count where they should, those past the pads never.
  CHECK(answer(pool("AveragePool", 5, 3, 2, 1, 0, 1), {1, 2, 3, 4, 5}) == floats{1, 3, 4.5F});
  CHECK(answer(pool("AveragePool", 6, 4, 3, 1, 1, 1), {1, 2, 3, 4, 5, 6}) == floats{1.5F, 4.5F, 3});
  CHECK(answer(pool("AveragePool", 6, 4, 3, 1, 1, 0), {1, 2, 3, 4, 5, 6}) == floats{2, 4.5F, 6});
  // One that would begin behind the image is left out: 3 windows of 2 over 4 with a pad at each end
  // begin at -1, 1 and 3, and one at 5 does not count.
  CHECK(answer(pool("MaxPool", 4, 2, 2, 1, 1, 0), {1, 2, 3, 4}) == floats{1, 3, 4});
  CHECK(answer(pool("MaxPool", 3, 1, 2, 0, 1, 0, 11), {1, 2, 3}) == floats{1, 3});
  CHECK(answer(pool("AveragePool", 3, 2, 3, 1, 1, 0), {1, 2, 3}) == floats{1, 3});
}

TEST_CASE("windows that lie in padding alone are refused, unless their pads count") {
  const auto pool = [](const char* type, std::int64_t before, std::int64_t behind, bool counts) {
    return one_node(type, 11, {1, 1, 1, 4}, {"x"}, [&](onnx::NodeProto& node) {
      set(node, "kernel_shape", {1, 2});
      set(node, "pads", {0, before, 0, behind});
      if (counts) set(node, "count_include_pad", std::int64_t{1});
    });
  };
  const std::string wanted =
      "m.onnx: node 'y' (MaxPool): found a window that lies in padding alone, column 0; accepted: "
      "windows that cover a part of the image";
  CHECK(refusal_of(pool("MaxPool", 2, 0, false)) == wanted);
  CHECK_THAT(refusal_of(pool("MaxPool", 0, 2, false)), Contains("padding alone, column 4"));
  CHECK_THAT(refusal_of(pool("AveragePool", 0, 2, false)), Contains("padding alone, column 4"));
  CHECK(answer(pool("AveragePool", 0, 2, true), {1, 2, 3, 4}) ==
        std::vector<float>{1.5F, 2.5F, 3.5F, 2, 0});
}
