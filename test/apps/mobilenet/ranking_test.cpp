// SPDX-License-Identifier: MIT
#include "mobilenet/commands/ranking.hpp"

#include "catch.hpp"
#include "mobilenet/commands/classifier.hpp"
#include "mobilenet/commands/latency.hpp"
#include "mobilenet/stages/picture_stage.hpp"
#include "random_graph.hpp"

#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

using mobilenet::most_probable;
using mobilenet::percentile;
using mobilenet::scored_class;

TEST_CASE("the most probable classes come first, equal ones in their order") {
  const std::vector<float> probabilities{0.1F, 0.4F, 0.1F, 0.4F};
  CHECK(most_probable(probabilities, 3) ==
        std::vector<scored_class>{{1, 0.4F}, {3, 0.4F}, {0, 0.1F}});
  CHECK(most_probable(probabilities, 9).size() == 4);
}

TEST_CASE("what is no number is the least probable") {
  const float none = std::nanf("");
  const auto best = most_probable(std::vector<float>{none, 0.2F, none, 0.1F}, 4);
  CHECK(best[0].number == 1);
  CHECK(best[1].number == 3);
  CHECK(best[2].number == 0);
}

TEST_CASE("scores become probabilities, however large they are") {
  std::vector<float> scores{1000, 1000, 999};
  mobilenet::apply_softmax(scores);
  const double whole = 2 + std::exp(-1.0);
  CHECK(scores[0] == Approx(1 / whole));
  CHECK(scores[2] == Approx(std::exp(-1.0) / whole));
}

TEST_CASE("a softmax at the end makes probabilities, also in another shape") {
  using namespace rankwise::inference;  // NOLINT: the graphs are made here
  rankwise::test::graph_maker make(1);
  std::uint32_t at = make.input({1, 3, 4, 4});
  at = make.add(global_average_pooling{}, {at}, {1, 3, 1, 1});
  const std::uint32_t scores = at;
  at = make.add(softmax{}, {at}, {1, 3, 1, 1});
  const std::uint32_t row = make.add(reshape{}, {at}, {1, 3});
  graph model = std::move(make).finish({row});
  CHECK_FALSE(mobilenet::as_classifier(model, "m.onnx").gives_scores);
  CHECK_FALSE(mobilenet::as_classifier(model, "m.onnx").reader.is_grey);
  model.outputs = {scores};
  CHECK(mobilenet::as_classifier(model, "m.onnx").gives_scores);
  model.values[model.inputs[0]].shape[1] = 1;
  CHECK(mobilenet::as_classifier(model, "m.onnx").reader.is_grey);
  model.values[model.inputs[0]].shape[1] = 4;
  CHECK_THROWS_WITH(mobilenet::as_classifier(model, "m.onnx"),
                    "m.onnx: its input is [1, 4, 4, 4]; accepted for pictures: [1, 3, height, "
                    "width], or 1 channel for grey ones");
}

TEST_CASE("a grey pixel is as bright as its colours") {
  CHECK(mobilenet::as_grey({0, 0, 0, 255, 255, 255, 255, 0, 0, 0, 255, 0, 0, 0, 255, 10, 20, 30}) ==
        std::vector<std::uint8_t>{0, 255, 76, 150, 29, 18});
}

TEST_CASE("a percentile is one of the values, by the nearest rank") {
  CHECK(percentile({}, 50) == 0);
  CHECK(percentile({3}, 95) == 3);
  CHECK(percentile({4, 1, 3, 2}, 50) == 2);
  CHECK(percentile({4, 1, 3, 2}, 75) == 3);
  CHECK(percentile({4, 1, 3, 2}, 76) == 4);
  CHECK(percentile({4, 1, 3, 2}, 0) == 1);
  CHECK(percentile({4, 1, 3, 2}, 100) == 4);
}
