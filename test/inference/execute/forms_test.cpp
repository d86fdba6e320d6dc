// SPDX-License-Identifier: MIT
// The forms in which PyTorch, Keras (tf2onnx, keras2onnx), CNTK and the ONNX zoo write the same
// networks: each gives what its plain form gives, and that is what the reference computes.
#include "catch.hpp"
#include "form_models.hpp"
#include "inference/graph.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <numeric>
#include <string>
#include <vector>

using namespace rankwise::inference;  // NOLINT: the test is all about it
using namespace rankwise::test;       // NOLINT: and its helpers
using Catch::Matchers::Contains;

TEST_CASE("a head of Keras: a product, then a sum with a bias in any shape") {
  const std::vector<float> wanted = plain_answer();
  for (const sizes& bias : {sizes{4}, sizes{1, 4}}) {
    for (const bool is_first : {true, false}) {
      onnx_maker maker = up_to_mean(13);
      maker.floats("bias", bias, some(4, 5));
      maker.node("Flatten", {"p"}, "f");
      maker.node("MatMul", {"f", "W"}, "m");
      using names = std::vector<std::string>;
      maker.node("Add", is_first ? names{"bias", "m"} : names{"m", "bias"}, "g");
      maker.node("Softmax", {"g"}, "y");
      require_alike(answer(maker, image()), wanted);
      CHECK(read(maker).operators.size() == 5);  // the sum is part of the product
    }
  }
}

TEST_CASE("a product whose input or bias is used twice keeps its own numbers") {
  onnx_maker maker = up_to_mean(13);
  maker.node("Flatten", {"p"}, "f");
  maker.node("MatMul", {"f", "W"}, "m");
  maker.node("Add", {"m", "B"}, "g");
  maker.node("Add", {"m", "g"}, "y");
  onnx_maker plain = up_to_mean(13);
  plain.floats("none", {1}, {0});
  plain.node("Flatten", {"p"}, "f");
  plain.node("Gemm", {"f", "W", "B"}, "g");
  plain.node("Gemm", {"f", "W", "none"}, "m");
  plain.node("Add", {"m", "g"}, "y");
  require_alike(answer(maker, image()), answer(plain, image()));
}

TEST_CASE("weights that are reshaped, turned and cast, as in the MNIST model of CNTK") {
  const std::vector<float> wanted = plain_answer();
  std::vector<float> turned(20);
  const std::vector<float> given = some(20, 4);
  for (std::size_t i = 0; i < 5; ++i) {
    for (std::size_t k = 0; k < 4; ++k) turned[k * 5 + i] = given[i * 4 + k];
  }
  onnx_maker maker = up_to_mean(13);
  maker.floats("T", {2, 2, 5}, turned).numbers("to", {4, -1}).numbers("row", {1, 5});
  maker.node("Reshape", {"T", "to"}, "t2");
  set(maker.node("Transpose", {"t2"}, "W2"), "perm", {1, 0});
  set(maker.node("Cast", {"W2"}, "W3"), "to", std::int64_t{onnx::TensorProto::FLOAT});
  maker.node("Identity", {"W3"}, "W4");
  maker.node("Reshape", {"p", "row"}, "f");
  maker.node("MatMul", {"f", "W4"}, "m");
  maker.node("Add", {"m", "B"}, "g");
  maker.node("Softmax", {"g"}, "y");
  require_alike(answer(maker, image()), wanted);
}

TEST_CASE("a softmax over any axis beside which all others are 1") {
  onnx_maker flat = up_to_mean(13);
  flat.node("Flatten", {"p"}, "f");
  flat.node("Softmax", {"f"}, "y");
  const std::vector<float> wanted = answer(flat, image());
  onnx_maker old = up_to_mean(8);  // SqueezeNet of the zoo: over all from axis 1 on
  old.node("Softmax", {"p"}, "y");
  require_alike(answer(old, image()), wanted);
  onnx_maker newer = up_to_mean(13);
  set(newer.node("Softmax", {"p"}, "y"), "axis", std::int64_t{1});
  require_alike(answer(newer, image()), wanted);
  onnx_maker turned = up_to_mean(13);
  set(turned.node("Transpose", {"p"}, "t"), "perm", {0, 2, 3, 1});
  turned.node("Softmax", {"t"}, "y");
  require_alike(answer(turned, image()), wanted);
  onnx_maker narrow = up_to_mean(13);
  narrow.node("Softmax", {"p"}, "y");  // the last axis has one place
  CHECK_THAT(refusal_of(narrow),
             Contains("node 'y' (Softmax): found axis -1 of [1, 5, 1, 1]; accepted: an axis beside "
                      "which all others are 1"));
}

TEST_CASE("TensorFlow's order of dimensions: the same model with its channels last") {
  const std::vector<float> wanted = plain_answer();
  const auto with_head = [&](const std::function<void(onnx_maker&)>& head) {
    onnx_maker maker = start(15, last_input);
    set(maker.node("Transpose", {"x"}, "t"), "perm", {0, 3, 1, 2});
    convolve(maker, "t", "c");
    set(maker.node("Transpose", {"c"}, "back"), "perm", {0, 2, 3, 1});
    maker.node("Relu", {"back"}, "r");
    head(maker);
    maker.node("Softmax", {"g"}, "y");
    const graph model = read(maker);
    CHECK(model.values[model.inputs[0]].shape == shape{1, 3, size, size});
    for (const operator_node& node : model.operators)
      CHECK_FALSE(std::holds_alternative<transposition>(node.what));
    return answer(maker, image());
  };
  require_alike(with_head([](onnx_maker& maker) {
                  maker.numbers("axes", {1, 2});
                  onnx::NodeProto& mean = maker.node("ReduceMean", {"r"}, "f");
                  set(mean, "axes", {1, 2});
                  set(mean, "keepdims", std::int64_t{0});
                  maker.node("MatMul", {"f", "W"}, "m");
                  maker.node("Add", {"m", "B"}, "g");
                }),
                wanted);
  require_alike(with_head([](onnx_maker& maker) {
                  set(maker.node("ReduceMean", {"r"}, "p"), "axes", {1, 2});
                  maker.node("MatMul", {"p", "W"}, "m");  // [1, 1, 1, 5]
                  maker.node("Add", {"m", "B"}, "s");
                  maker.numbers("to", {-1, 4});
                  maker.node("Reshape", {"s", "to"}, "g");
                }),
                wanted);
  require_alike(with_head([](onnx_maker& maker) {
                  set(maker.node("Transpose", {"r"}, "front"), "perm", {0, 3, 1, 2});
                  maker.node("GlobalAveragePool", {"front"}, "p");
                  maker.numbers("axes", {2, 3});
                  maker.node("Squeeze", {"p", "axes"}, "f");
                  maker.node("Gemm", {"f", "W", "B"}, "g");
                }),
                wanted);
}

TEST_CASE("numbers that change on the way to the first Transpose: a scale for each channel") {
  onnx_maker maker = start(15, last_input);
  maker.floats("scale", {3}, {2, 4, 0.5F}).floats("shift", {1, 1, 3}, {0.5F, -1, 2});
  maker.node("Mul", {"x", "scale"}, "x1");
  maker.node("Sub", {"x1", "shift"}, "x2");
  set(maker.node("Transpose", {"x2"}, "t"), "perm", {0, 3, 1, 2});
  convolve(maker, "t", "y");
  onnx_maker plain = start(15, plain_input);
  plain.floats("scale", {3, 1, 1}, {2, 4, 0.5F}).floats("shift", {1, 3, 1, 1}, {-0.5F, 1, -2});
  plain.node("Mul", {"scale", "x"}, "x1");
  plain.node("Add", {"x1", "shift"}, "x2");
  convolve(plain, "x2", "y");
  require_alike(answer(maker, image()), answer(plain, image()));
}

TEST_CASE("rows of an image whose channels are last, as Keras flattens it") {
  // The weights of the product are in the order of height, width, channels.
  const std::size_t n = 5 * size * size;
  onnx_maker maker = start(13, plain_input);
  convolve(maker, "x", "c");
  set(maker.node("Transpose", {"c"}, "t"), "perm", {0, 2, 3, 1});
  maker.numbers("to", {-1, static_cast<std::int64_t>(n)});
  maker.floats("V", {static_cast<std::int64_t>(n), 2}, some(2 * n, 6));
  maker.node("Reshape", {"t", "to"}, "f");
  maker.node("MatMul", {"f", "V"}, "y");
  const std::vector<float> given = some(2 * n, 6);
  std::vector<float> moved(2 * n);
  for (std::size_t c = 0; c < 5; ++c) {
    for (std::size_t pixel = 0; pixel < size * size; ++pixel) {
      for (std::size_t k = 0; k < 2; ++k)
        moved[(c * size * size + pixel) * 2 + k] = given[(pixel * 5 + c) * 2 + k];
    }
  }
  onnx_maker plain = start(13, plain_input);
  convolve(plain, "x", "c");
  plain.node("Flatten", {"c"}, "f");
  plain.floats("V", {static_cast<std::int64_t>(n), 2}, moved);
  plain.node("MatMul", {"f", "V"}, "y");
  require_alike(answer(maker, image()), answer(plain, image()));
}

TEST_CASE("channels that are shuffled: a Transpose of five dimensions") {
  onnx_maker maker(11);
  maker.input("x", {1, 6, 2, 3})
      .output("y")
      .numbers("a", {1, 2, 3, 2, 3})
      .numbers("e", {1, 6, 2, 3});
  maker.node("Reshape", {"x", "a"}, "r");
  set(maker.node("Transpose", {"r"}, "t"), "perm", {0, 2, 1, 3, 4});
  maker.node("Reshape", {"t", "e"}, "y");
  std::vector<float> given(36);
  std::iota(given.begin(), given.end(), 0.0F);
  std::vector<float> wanted;
  for (const std::size_t channel : {0U, 3U, 1U, 4U, 2U, 5U}) {
    for (std::size_t i = 0; i < 6; ++i) wanted.push_back(given[channel * 6 + i]);
  }
  CHECK(answer(maker, given) == wanted);
}

TEST_CASE("shapes that are computed from the shape of a value: PyTorch's and TensorFlow's chains") {
  const std::vector<float> wanted = plain_answer();
  onnx_maker torch = up_to_mean(11);
  torch.node("Shape", {"p"}, "s");
  constant_node(torch, "zero", {0}, true);
  set(torch.node("Gather", {"s", "zero"}, "n"), "axis", std::int64_t{0});
  set(torch.node("Unsqueeze", {"n"}, "u"), "axes", {0});
  constant_node(torch, "rest", {-1});
  set(torch.node("Concat", {"u", "rest"}, "to"), "axis", std::int64_t{0});
  torch.node("Reshape", {"p", "to"}, "f");
  torch.node("Gemm", {"f", "W", "B"}, "g");
  torch.node("Softmax", {"g"}, "y");
  require_alike(answer(torch, image()), wanted);

  onnx_maker tensorflow = up_to_mean(15);
  tensorflow.node("Shape", {"p"}, "s");
  set(tensorflow.node("Cast", {"s"}, "s32"), "to", std::int64_t{onnx::TensorProto::INT32});
  tensorflow.numbers("a", {0}).numbers("e", {1}).numbers("axes", {0}).numbers("five", {5});
  tensorflow.node("Slice", {"s32", "a", "e", "axes"}, "cut");
  tensorflow.node("Squeeze", {"cut", "axes"}, "n");
  tensorflow.node("Unsqueeze", {"n", "axes"}, "u");
  tensorflow.node("Mul", {"u", "five"}, "product");
  tensorflow.node("Div", {"product", "five"}, "n1");
  set(tensorflow.node("Concat", {"n1", "five"}, "to32"), "axis", std::int64_t{0});
  set(tensorflow.node("Cast", {"to32"}, "to"), "to", std::int64_t{onnx::TensorProto::INT64});
  tensorflow.node("Reshape", {"p", "to"}, "f");
  tensorflow.node("Gemm", {"f", "W", "B"}, "g");
  tensorflow.node("Softmax", {"g"}, "y");
  require_alike(answer(tensorflow, image()), wanted);

  onnx_maker parts = up_to_mean(15);  // Shape with a start and an end
  onnx::NodeProto& first = parts.node("Shape", {"p"}, "s");
  set(first, "start", std::int64_t{-4});
  set(first, "end", std::int64_t{2});
  parts.node("Reshape", {"p", "s"}, "f");
  parts.node("Gemm", {"f", "W", "B"}, "g");
  parts.node("Softmax", {"g"}, "y");
  require_alike(answer(parts, image()), wanted);
}

TEST_CASE("means: over both axes, one after the other, with and without their dimensions") {
  onnx_maker both = start(11, plain_input);
  onnx::NodeProto& all = both.node("ReduceMean", {"x"}, "y");
  set(all, "axes", {-1, -2});
  set(all, "keepdims", std::int64_t{0});
  const std::vector<float> wanted = answer(both, image());
  for (const std::int64_t keeps : {0, 1}) {  // x.mean(3).mean(2)
    onnx_maker apart = start(11, plain_input);
    onnx::NodeProto& first = apart.node("ReduceMean", {"x"}, "columns");
    set(first, "axes", {3});
    set(first, "keepdims", keeps);
    onnx::NodeProto& second = apart.node("ReduceMean", {"columns"}, "y");
    set(second, "axes", {2});
    set(second, "keepdims", keeps);
    require_alike(answer(apart, image()), wanted);
    const graph model = read(apart);
    CHECK(model.values[model.outputs[0]].shape == (keeps == 0 ? shape{1, 3} : shape{1, 3, 1, 1}));
  }
  onnx_maker newest = start(21, plain_input);
  newest.numbers("axes", {2, 3});
  newest.node("ReduceMean", {"x", "axes"}, "y");
  require_alike(answer(newest, image()), wanted);
  onnx_maker channels = start(21, plain_input);
  channels.numbers("axes", {1});
  channels.node("ReduceMean", {"x", "axes"}, "y");
  CHECK_THAT(refusal_of(channels),
             Contains("node 'y' (ReduceMean): found the mean over axes [1] of [1, 3, 6, 6]"));
}

TEST_CASE("Relu6 as a Clip, a Min, or a Max and a Min") {
  onnx_maker clip = start(11, plain_input);
  clip.floats("zero", {}, {0}).floats("six", {}, {0.6F});
  convolve(clip, "x", "c");
  clip.node("Clip", {"c", "zero", "six"}, "y");
  const std::vector<float> wanted = answer(clip, image());
  onnx_maker two = start(11, plain_input);
  two.floats("zero", {1}, {0}).floats("six", {}, {0.6F});
  convolve(two, "x", "c");
  two.node("Max", {"zero", "c"}, "m");
  two.node("Min", {"m", "six"}, "y");
  CHECK(read(two).operators.size() == 1);
  require_alike(answer(two, image()), wanted);
  onnx_maker values = start(11, plain_input);
  values.node("Min", {"x", "x"}, "y");
  CHECK_THAT(refusal_of(values),
             Contains("node 'y' (Min): found input 1 ('x'), which is no constant"));
}

TEST_CASE("scales, shifts and normalizations of rows and of images") {
  const std::vector<float> given{1, 2, 4};
  onnx_maker row(13);
  row.input("x", {1, 3, 1, 1}).output("y");
  row.floats("a", {3}, {1, 2, 3}).floats("two", {}, {2}).floats("f", {1, 3}, {10, 20, 40});
  row.node("Flatten", {"x"}, "r");
  row.node("Mul", {"r", "f"}, "m");    // 10, 40, 160
  row.node("Sub", {"m", "a"}, "s");    // 9, 38, 157
  row.node("Div", {"s", "two"}, "d");  // 4.5, 19, 78.5
  row.node("Sub", {"two", "d"}, "y");  // -2.5, -17, -76.5
  CHECK(answer(row, given) == std::vector<float>{-2.5F, -17, -76.5F});
  onnx_maker normal(9);
  normal.input("x", {1, 3, 1, 1}).output("y");
  normal.floats("one", {3}, {1, 1, 1}).floats("mean", {3}, {1, 1, 2}).floats("v", {3}, {3, 3, 3});
  normal.node("Flatten", {"x"}, "r");
  set(normal.node("BatchNormalization", {"r", "one", "one", "mean", "v"}, "y"), "epsilon", 1.0F);
  CHECK(answer(normal, given) == std::vector<float>{1, 1.5F, 2});
  onnx_maker sum(8);
  sum.input("x", {1, 3, 1, 1}).output("y");
  sum.node("Relu", {"x"}, "r");
  sum.node("Sum", {"x", "r", "x"}, "y");
  CHECK(answer(sum, given) == std::vector<float>{3, 6, 12});
  const auto refused = [](const std::string& type, const sizes& constant) {
    onnx_maker maker = one_node(type, 13, {1, 3, 2, 2}, {"x", "c"});
    std::size_t n = 1;
    for (const std::int64_t one : constant) n *= static_cast<std::size_t>(one);
    maker.floats("c", constant, std::vector<float>(n, 0));
    return refusal_of(maker);
  };
  CHECK_THAT(
      refused("Add", {3}),
      Contains("node 'y' (Add): found a constant of shape [3] for [1, 3, 2, 2]; accepted: one "
               "float, or 3 along the channels"));
  CHECK_THAT(refused("Add", {1, 3, 2, 2}), Contains("found a constant of shape [1, 3, 2, 2]"));
  CHECK_THAT(refused("Div", {3, 1, 1}), Contains("node 'y' (Div): found a division by 0"));
  CHECK_THAT(refusal_of(one_node("Mul", 13, {1, 3, 2, 2}, {"x", "x"})),
             Contains("node 'y' (Mul): found two values; accepted: a value and a constant"));
}

TEST_CASE("a batch without a number is one picture, however it is written") {
  for (const std::int64_t batch : {std::int64_t{-1}, std::int64_t{0}}) {
    onnx_maker maker = one_node("Relu", 15, {batch, 3, 2, 2}, {"x"});
    CHECK(read(maker).values[0].shape == shape{1, 3, 2, 2});
  }
  onnx_maker named = one_node("Relu", 15, {1, 3, 2, 2}, {"x"});
  auto& type = *named.model.mutable_graph()->mutable_input(0)->mutable_type();
  type.mutable_tensor_type()->mutable_shape()->mutable_dim(0)->set_dim_param("unk__150");
  CHECK(read(named).values[0].shape == shape{1, 3, 2, 2});
}

TEST_CASE("what is not constant, of other domains, or too large is refused by name") {
  CHECK_THAT(
      refusal_of(one_node("Slice", 13, {1, 3, 2, 2}, {"x", "x", "x"})),
      Contains("node 'y' (Slice): found an input that is no constant; accepted: constants: it "
               "is computed beforehand"));
  CHECK_THAT(
      refusal_of(one_node(
          "Conv", 13, {1, 3, 2, 2}, {"x"}, [](auto& node) { node.set_domain("com.example"); })),
      Contains("node 'y' (Conv): found an operator of 'com.example'"));
  onnx_maker large(13);
  large.input("x", {1, 3, 2, 2}).output("y").numbers("s", {1 << 30, 1 << 30});
  large.node("ConstantOfShape", {"s"}, "c");
  large.node("Add", {"x", "c"}, "y");
  CHECK_THAT(refusal_of(large), Contains("node 'c' (ConstantOfShape): found a constant of shape"));
  onnx_maker steps(13);  // twice as many with each node
  steps.input("x", {1, 3, 2, 2}).output("y").floats("c0", {1024}, some(1024));
  for (int i = 0; i < 40; ++i) {
    const std::string name = "c" + std::to_string(i);
    set(steps.node("Concat", {name, name}, "c" + std::to_string(i + 1)), "axis", std::int64_t{0});
  }
  CHECK_THAT(refusal_of(steps), Contains("(Concat): found "));
  onnx_maker beyond = one_node("Transpose", 13, {1, 3, 2, 2}, {"x"}, [](onnx::NodeProto& node) {
    set(node, "perm", {1, 0, 2, 3});
  });
  CHECK_THAT(refusal_of(beyond), Contains("found an output 'y' of shape [3, 1, 2, 2]"));
  CHECK_THAT(refusal_of(one_node("Transpose",
                                 13,
                                 {1, 3, 2, 2},
                                 {"x"},
                                 [](onnx::NodeProto& node) {
                                   set(node, "perm", {0, 1, 1, 3});
                                 })),
             Contains("node 'y' (Transpose): found perm [0, 1, 1, 3] of 4 dimensions"));
  onnx_maker turned(13);
  turned.input("x", {1, 3, 2, 2}).output("y").numbers("axes", {1});
  turned.node("Squeeze", {"x", "axes"}, "y");
  CHECK_THAT(
      refusal_of(turned),
      Contains("node 'y' (Squeeze): found axis 1 of [1, 3, 2, 2]; accepted: an axis of size 1"));
}
