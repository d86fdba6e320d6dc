// SPDX-License-Identifier: MIT
#include "inference/execute/executor.hpp"

#include <rankwise/error.hpp>

#include "catch.hpp"
#include "inference/graph.hpp"
#include "inference/model/cut_points.hpp"
#include "inference/model/onnx_reader.hpp"
#include "inference/model/onnx_writer.hpp"
#include "random_graph.hpp"
#include "reference.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace rankwise::inference;  // NOLINT: the test is all about it
using rankwise::test::graph_maker;
using rankwise::test::random_graph;
using rankwise::test::reference;
using rankwise::test::reference_value;

namespace {

/// A value with its channels last, as the executor takes and gives it.
template <class Number>
std::vector<Number> channels_last(const value_info& value, const std::vector<Number>& from) {
  if (value.shape.size() != 4) return from;
  const std::size_t channels = value.shape[1];
  const std::size_t pixels = value.shape[2] * value.shape[3];
  std::vector<Number> to(from.size());
  for (std::size_t c = 0; c < channels; ++c) {
    for (std::size_t pixel = 0; pixel < pixels; ++pixel)
      to[pixel * channels + c] = from[c * pixels + pixel];
  }
  return to;
}

std::vector<std::vector<float>> some_inputs(const graph& model, std::uint32_t seed) {
  graph_maker make(seed);
  std::vector<std::vector<float>> inputs;
  for (const std::uint32_t input : model.inputs)
    inputs.push_back(make.numbers(n_elements(model.values[input].shape)));
  return inputs;
}

std::vector<float> run(executor& of, const std::vector<float>& inputs) {
  REQUIRE(inputs.size() == of.n_inputs());
  std::vector<float> outputs(of.n_outputs());
  of.run(inputs, outputs);
  return outputs;
}

/// Inputs as the executor takes them: one after the other.
std::vector<float> in_a_row(const graph& model, const std::vector<std::vector<float>>& inputs) {
  std::vector<float> row;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const std::vector<float> one = channels_last(model.values[model.inputs[i]], inputs[i]);
    row.insert(row.end(), one.begin(), one.end());
  }
  return row;
}

/// How far the executor is from the reference, in units of what rounding may do.
double distance(const graph& model, std::uint32_t seed) {
  const std::vector<std::vector<float>> inputs = some_inputs(model, seed);
  executor real(model);
  const std::vector<float> found = run(real, in_a_row(model, inputs));
  const std::vector<reference_value> wanted = reference(model).run(inputs);
  double worst = 0;
  std::size_t at = 0;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const value_info& value = model.values[model.outputs[i]];
    const std::vector<double> numbers = channels_last(value, wanted[i].numbers);
    const std::vector<double> bounds = channels_last(value, wanted[i].bounds);
    for (std::size_t k = 0; k < numbers.size(); ++k, ++at) {
      const double off = std::abs(static_cast<double>(found[at]) - numbers[k]);
      if (off == 0 || (std::isinf(numbers[k]) && std::isinf(found[at]))) continue;
      const double allowed = bounds[k] + 1e-30;
      worst = std::max(worst, std::isnan(off) ? 1e9 : off / allowed);
    }
  }
  CHECK(at == found.size());
  return worst;
}

}  // namespace

TEST_CASE("convolutions of all kinds are as defined") {
  graph_maker dice(1);
  for (std::uint32_t i = 0; i < 250; ++i) {
    graph_maker make(i);
    const std::uint32_t groups = make.number(1, 3);
    const std::uint32_t per_group = make.number(1, 5);
    // One input a group is a depthwise convolution, with as many outputs for each as it likes.
    const std::uint32_t n_inputs = groups * (dice.coin() ? 1 : per_group);
    const std::uint32_t n_outputs = groups * make.number(1, 4);
    const std::uint32_t from = make.input({1, n_inputs, make.number(3, 9), make.number(3, 9)});
    const window over = make.some_window(make.shape(from)[2], make.shape(from)[3], true);
    const std::uint32_t to = make.convolve(from, n_outputs, over, groups);
    if (make.coin()) make.clamp(-0.25F, 0.75F);
    INFO("seed " << i);
    CHECK(distance(std::move(make).finish({to}), i) <= 1);
  }
}

TEST_CASE("a kernel larger than most, over a single row and a single column") {
  for (const auto& [height, width] : {std::pair{1, 11}, std::pair{11, 1}}) {
    graph_maker make(7);
    const std::uint32_t from =
        make.input({1, 3, static_cast<std::uint64_t>(height), static_cast<std::uint64_t>(width)});
    window over;
    over.kernel_height = height == 1 ? 1 : 7;
    over.kernel_width = width == 1 ? 1 : 7;
    over.pad_top = height == 1 ? 0 : 3;
    over.pad_right = width == 1 ? 0 : 5;
    const std::uint32_t to = make.convolve(from, 4, over, 1);
    CHECK(distance(std::move(make).finish({to}), 3) <= 1);
  }
}

TEST_CASE("pooling is as defined, with pads that count and pads that do not") {
  for (std::uint32_t i = 0; i < 200; ++i) {
    graph_maker make(i);
    const std::uint32_t from =
        make.input({1, make.number(1, 9), make.number(3, 9), make.number(3, 9)});
    const std::vector<std::uint64_t> in = make.shape(from);
    const bool is_maximum = make.coin();
    const window over = make.some_window(in[2], in[3], is_maximum);
    operation what = average_pooling{over, make.coin()};
    if (is_maximum) what = max_pooling{over};
    const std::uint32_t to = make.add(what, {from}, graph_maker::slid(over, in, in[1]));
    if (make.coin()) make.clamp(-0.1F, 0.4F);
    INFO("seed " << i);
    CHECK(distance(std::move(make).finish({to}), i) <= 1);
  }
}

TEST_CASE("rows: products, softmax of large numbers, clamping, shapes") {
  for (std::uint32_t i = 0; i < 60; ++i) {
    graph_maker make(i);
    std::uint32_t at = make.input({1, make.number(1, 4), make.number(1, 4), make.number(1, 4)});
    at = make.add(reshape{}, {at}, {1, n_elements(make.shape(at))});
    at = make.connect(at, make.number(1, 30), make.coin());
    if (make.coin()) make.clamp(0, std::numeric_limits<float>::infinity());
    at = make.add(clamping{}, {at}, make.shape(at));
    make.clamp(-0.3F, 0.9F);
    const std::uint32_t scores = at;
    at = make.add(softmax{}, {at}, make.shape(at));
    CHECK(distance(std::move(make).finish({scores, at}), i) <= 1);
  }
  graph_maker make(1);
  const std::uint32_t from = make.input({1, 3});
  const std::uint32_t to = make.add(softmax{}, {from}, {1, 3});
  executor of(std::move(make).finish({to}));
  const std::vector<float> found = run(of, {1000, 1000, -1000});
  CHECK(found[0] == Approx(0.5));
  CHECK(found[2] == Approx(0).margin(1e-9));
}

TEST_CASE("random models are as defined, and cut anywhere give the same bits") {
  std::size_t n_cuts = 0;
  for (std::uint32_t seed = 0; seed < 300; ++seed) {
    INFO("seed " << seed);
    const graph model = random_graph(
        seed, seed < 150 ? rankwise::test::graph_parts::as_read : rankwise::test::graph_parts::all);
    CHECK(distance(model, seed) <= 1);
    const std::vector<float> inputs = in_a_row(model, some_inputs(model, seed));
    executor whole(model);
    const std::vector<float> wanted = run(whole, inputs);
    for (std::size_t cut = 1; cut < model.operators.size(); ++cut) {
      executor first(part_of(model, 0, cut));
      executor second(part_of(model, cut, model.operators.size()));
      REQUIRE(run(second, run(first, inputs)) == wanted);
      ++n_cuts;
    }
  }
  CHECK(n_cuts > 1000);
}

TEST_CASE("models that are written and read again compute the same") {
  std::size_t n_shorter = 0;
  for (std::uint32_t seed = 0; seed < 200; ++seed) {
    INFO("seed " << seed);
    const graph model = random_graph(seed, rankwise::test::graph_parts::all);
    const std::string bytes = write_onnx(model, {.opset = seed % 2 == 0 ? 11U : 9U});
    const graph again = read_onnx(std::as_bytes(std::span(bytes)), "made.onnx");
    if (again.operators.size() < model.operators.size()) ++n_shorter;
    const std::vector<std::vector<float>> inputs = some_inputs(model, seed);
    executor first(model);
    executor second(again);
    const std::vector<float> wanted = run(first, in_a_row(model, inputs));
    // What was an input seen through a Transpose has its channels last already.
    std::vector<std::vector<float>> given = inputs;
    const std::vector<float> found =
        again.values[again.inputs[0]].shape == model.values[model.inputs[0]].shape
            ? run(second, in_a_row(again, given))
            : run(second, given.front());
    CHECK(distance(again, seed) <= 1);
    REQUIRE(found.size() == wanted.size());
    for (std::size_t i = 0; i < found.size(); ++i)
      REQUIRE(found[i] == Approx(wanted[i]).epsilon(1e-4).margin(1e-5));
  }
  CHECK(n_shorter > 20);  // pads became part of convolutions
}

TEST_CASE("an executor outlives its model, runs again and again, and can be moved") {
  auto model = std::make_unique<graph>(random_graph(11));
  const std::vector<float> inputs = in_a_row(*model, some_inputs(*model, 5));
  executor first(*model);
  const std::vector<float> wanted = run(first, inputs);
  for (weight& one : model->weights) std::fill(one.data.begin(), one.data.end(), 1e9F);
  model.reset();
  executor moved = std::move(first);
  run(moved, std::vector<float>(inputs.size(), 3.0F));
  CHECK(run(moved, inputs) == wanted);
}

TEST_CASE("inputs and outputs of another size are refused") {
  const graph model = random_graph(5);
  executor of(model);
  std::vector<float> outputs(of.n_outputs());
  CHECK_THROWS_AS(of.run(std::vector<float>(of.n_inputs() - 1), outputs), std::invalid_argument);
}

TEST_CASE("several inputs and outputs lie one after the other") {
  graph_maker make(3);
  const std::uint32_t left = make.input({1, 2, 3, 3});
  const std::uint32_t right = make.input({1, 2, 3, 3});
  const std::uint32_t sum = make.add(addition{}, {left, right}, {1, 2, 3, 3});
  const std::uint32_t both = make.add(concatenation{}, {right, left}, {1, 4, 3, 3});
  // `left` also passes by.
  const graph model = std::move(make).finish({sum, both, left});
  CHECK(distance(model, 4) <= 1);
}
