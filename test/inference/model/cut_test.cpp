// SPDX-License-Identifier: MIT
#include "catch.hpp"
#include "inference/graph.hpp"
#include "inference/model/cut_points.hpp"
#include "inference/model/layer_cuts.hpp"
#include "inference/model/model_maker.hpp"
#include "random_graph.hpp"

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <utility>
#include <vector>

using namespace rankwise::inference;  // NOLINT: the test is all about it
using rankwise::test::graph_maker;
using rankwise::test::random_graph;

namespace {

std::vector<std::uint64_t> sizes(const graph& part, const std::vector<std::uint32_t>& values) {
  std::vector<std::uint64_t> all;
  for (const std::uint32_t value : values) all.push_back(n_bytes(part.values[value]));
  return all;
}

}  // namespace

TEST_CASE("what lives at a cut is what is still wanted") {
  graph_maker make(1);
  const std::uint32_t from = make.input({1, 2, 4, 4});
  const std::uint32_t left = make.convolve(from, 3, {}, 1);
  const std::uint32_t right = make.convolve(left, 3, {}, 1);
  const std::uint32_t sum = make.add(addition{}, {left, right}, {1, 3, 4, 4});
  const std::uint32_t row = make.add(global_average_pooling{}, {sum}, {1, 3});
  const graph model = std::move(make).finish({row});
  CHECK(live_values(model, 0) == std::vector{from});
  CHECK(live_values(model, 1) == std::vector{left});
  CHECK(live_values(model, 2) == std::vector{left, right});  // the sum takes both
  CHECK(live_values(model, 3) == std::vector{sum});
  CHECK(live_values(model, 4) == std::vector{row});
  CHECK(live_bytes(model, 2) == 2 * 3 * 16 * 4);
  CHECK(weight_bytes(model, 0) == (3 * 2 + 3) * 4);
  CHECK(activation_bytes(model, 2) == 3 * 3 * 16 * 4);
  CHECK_THROWS(live_values(model, 5));
  CHECK_THROWS(part_of(model, 2, 2));
}

TEST_CASE("parts fit together, and have each weight once") {
  for (std::uint32_t seed = 0; seed < 100; ++seed) {
    const graph model = random_graph(seed);
    const std::size_t n = model.operators.size();
    std::size_t n_numbers = 0;
    for (const weight& one : model.weights) n_numbers += one.data.size();
    for (std::size_t first = 1; first < n; ++first) {
      for (std::size_t second = first + 1; second < n; ++second) {
        graph copy = model;
        const std::vector<std::size_t> cuts{first, second};
        const std::vector<graph> parts = split(std::move(copy), cuts);
        REQUIRE(parts.size() == 3);
        std::size_t n_operators = 0;
        std::size_t n_kept = 0;
        for (const graph& part : parts) {
          n_operators += part.operators.size();
          for (const weight& one : part.weights) {
            REQUIRE(one.data.size() == n_elements(one.shape));
            n_kept += one.data.size();
          }
        }
        REQUIRE(n_operators == n);
        REQUIRE(n_kept == n_numbers);
        REQUIRE(sizes(parts[0], parts[0].outputs) == sizes(parts[1], parts[1].inputs));
        REQUIRE(sizes(parts[1], parts[1].outputs) == sizes(parts[2], parts[2].inputs));
        REQUIRE(sizes(parts[2], parts[2].outputs) == sizes(model, model.outputs));
      }
    }
  }
}

TEST_CASE("a skeleton has the shapes and none of the numbers") {
  const graph model = random_graph(3);
  const graph bones = skeleton_of(model);
  REQUIRE(bones.weights.size() == model.weights.size());
  for (std::size_t i = 0; i < model.operators.size(); ++i)
    CHECK(weight_bytes(bones, i) == weight_bytes(model, i));
  for (const weight& one : bones.weights) CHECK(one.data.empty());
}

TEST_CASE("a cut in Keras layers falls at the nearest end of an operator") {
  const graph model = make_mobilenet_v2({.width = 0.35, .size = 64, .n_classes = 10});
  REQUIRE(n_layers(model) == 157);
  const std::vector<std::uint32_t> by_hand{27, 27, 36, 53, 14};
  const std::vector<std::size_t> cuts = cuts_of_layers(model, by_hand);
  REQUIRE(cuts.size() == 4);
  std::uint64_t upto = 0;
  std::uint64_t wanted = 0;
  std::size_t place = 0;
  for (std::size_t stage = 0; stage < cuts.size(); ++stage) {
    for (; place < cuts[stage]; ++place) upto += model.operators[place].keras_layers;
    wanted += by_hand[stage];
    // No operator has more than five layers: the nearest end is two away at most.
    CHECK(std::max(upto, wanted) - std::min(upto, wanted) <= 2);
  }
  const std::vector<std::uint32_t> short_of{27, 27};
  CHECK_THROWS_WITH(cuts_of_layers(model, short_of),
                    "a cut into 27,27 adds up to 54 layers; accepted: 157, as many as the model "
                    "has");
  const auto n = static_cast<std::uint32_t>(model.operators.size());
  const std::vector<std::uint32_t> halves{10, n - 10};
  CHECK(cuts_of_operators(model, halves) == std::vector<std::size_t>{10});
  const std::vector<std::uint32_t> whole{n};
  CHECK(cuts_of_operators(model, whole).empty());
}

TEST_CASE("each stage of a cut has an operator") {
  const graph model = make_mobilenet_v2({.width = 0.35, .size = 64, .n_classes = 10});
  std::vector<std::uint32_t> tight(50, 1);
  tight.push_back(107);
  const std::vector<std::size_t> cuts = cuts_of_layers(model, tight);
  REQUIRE(cuts.size() == 50);
  CHECK(cuts.front() >= 1);
  for (std::size_t i = 1; i < cuts.size(); ++i) CHECK(cuts[i] > cuts[i - 1]);
  CHECK(cuts.back() < model.operators.size());
}
