// SPDX-License-Identifier: MIT
#include "inference/execute/measure.hpp"

#include "catch.hpp"
#include "inference/execute/executor.hpp"
#include "inference/model/cut_points.hpp"
#include "inference/model/model_maker.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <numeric>
#include <vector>

using namespace rankwise::inference;  // NOLINT: the test is all about it

namespace {

double shortest_run(const graph& model) {
  executor whole(model);
  const std::vector<float> inputs(whole.n_inputs(), 0.5F);
  std::vector<float> outputs(whole.n_outputs());
  double least = 1e9;
  for (int i = 0; i < 30; ++i) {
    const auto begun = std::chrono::steady_clock::now();
    whole.run(inputs, outputs);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
    least = std::min(least, took.count());
  }
  return least;
}

}  // namespace

TEST_CASE("the operators' times add up to about that of a run, without the weights") {
  const graph model = make_mobilenet_v2({.width = 0.5, .size = 128, .n_classes = 100});
  double sum = 0;
  double run = 1;
  const auto is_about_right = [&] { return sum > 0.5 * run && sum < 2 * run; };
  // Generous, since others use this machine too.
  for (int attempt = 0; attempt < 5 && !is_about_right(); ++attempt) {
    const std::vector<double> seconds = measure_operators(skeleton_of(model), {.n_runs = 20});
    REQUIRE(seconds.size() == model.operators.size());
    CHECK(*std::min_element(seconds.begin(), seconds.end()) >= 0);
    sum = std::accumulate(seconds.begin(), seconds.end(), 0.0);
    run = shortest_run(model);
  }
  INFO("sum " << sum << ", run " << run);
  CHECK(is_about_right());
}

TEST_CASE("where memory is short a model is measured in pieces, each operator once") {
  const graph skeleton =
      skeleton_of(make_mobilenet_v2({.width = 0.35, .size = 96, .n_classes = 50}));
  const std::vector<double> whole = measure_operators(skeleton, {.n_runs = 3});
  const std::vector<double> pieces =
      measure_operators(skeleton, {.n_runs = 3, .memory_bytes = 300'000});
  REQUIRE(pieces.size() == whole.size());
  CHECK(std::count_if(pieces.begin(), pieces.end(), [](double one) { return one > 0; }) >
        static_cast<std::ptrdiff_t>(pieces.size() * 3 / 4));
}
