// SPDX-License-Identifier: MIT
#include "mobilenet/plan/spread.hpp"

#include <rankwise/error.hpp>

#include "catch.hpp"
#include "inference/model/cut_points.hpp"
#include "inference/model/model_maker.hpp"
#include "mobilenet/plan/link_pairs.hpp"

#include <cstddef>
#include <string>
#include <vector>

using namespace rankwise::inference;  // NOLINT: the test is all about it
using mobilenet::link_pair;
using mobilenet::link_pairs;
using mobilenet::ranks_that_read;
using mobilenet::settings;
using mobilenet::spread_mode;

namespace {

const graph& small_model() {
  static const graph model = make_mobilenet_v2({.width = 0.35, .size = 32, .n_classes = 5});
  return model;
}

/// Equal ranks on one host; an operator takes a millisecond.
plan_problem equal_ranks(std::size_t n_ranks, std::uint64_t memory_bytes = 0) {
  plan_problem problem;
  const std::size_t n = small_model().operators.size();
  for (std::size_t i = 0; i < n; ++i) problem.operators.push_back({1000, 10});
  problem.live_bytes.assign(n + 1, 100);
  problem.ranks.assign(n_ranks, {"host", std::vector<double>(n, 0.001), memory_bytes});
  return problem;
}

std::string refusal_of(const plan_problem& problem, const settings& asked) {
  try {
    check_spread(asked);
    choose_plan(problem, small_model(), asked);
  } catch (const rankwise::config_error& error) {
    return error.what();
  }
  return "none";
}

std::string chosen(const plan_problem& problem, const settings& asked) {
  const plan_choice choice = choose_plan(problem, small_model(), asked);
  return choice.all[choice.chosen].name;
}

}  // namespace

TEST_CASE("auto takes the fastest, and of what is as fast the simplest") {
  CHECK(chosen(equal_ranks(1), {}) == "single");
  CHECK(chosen(equal_ranks(4), {}) == "replicas");
  // 65 operators of 1000 bytes need more than a rank has.
  CHECK(chosen(equal_ranks(2, 40'000), {}) == "pipeline");
  CHECK(chosen(equal_ranks(4, 40'000), {}) == "hybrid");
  settings cut;
  cut.n_stages = 2;
  CHECK(chosen(equal_ranks(2), cut) == "pipeline");
  CHECK(chosen(equal_ranks(4), cut) == "hybrid");
}

TEST_CASE("a mode is taken as it is asked for, or refused with the reason") {
  settings asked;
  for (const spread_mode mode :
       {spread_mode::single, spread_mode::replicas, spread_mode::pipeline, spread_mode::hybrid}) {
    asked.mode = mode;
    CHECK(chosen(equal_ranks(3), asked) == name_of(mode));
  }
  asked.mode = spread_mode::single;
  CHECK(refusal_of(equal_ranks(3, 40'000), asked) ==
        "--mode single: the root: no rank has the memory for all of the model");
  asked.mode = spread_mode::pipeline;
  asked.n_stages = 4;
  CHECK(refusal_of(equal_ranks(3), asked) ==
        "--mode pipeline: 4 stages on 3 ranks; accepted: as many as there are ranks at most");
}

TEST_CASE("a cut is kept, in layers and in operators") {
  settings asked;
  asked.mode = spread_mode::pipeline;
  asked.cut_operators = {20, 45};
  const plan_choice choice = choose_plan(equal_ranks(3), small_model(), asked);
  const plan& made = *choice.all[choice.chosen].what;
  REQUIRE(made.stages.size() == 2);
  CHECK(made.stages[1].first == 20);
  asked.cut_operators.clear();
  asked.cut_layers = {27, 27, 36, 53, 14};
  const plan_choice by_hand = choose_plan(equal_ranks(5), small_model(), asked);
  CHECK(by_hand.all[by_hand.chosen].what->stages.size() == 5);
  asked.cut_layers = {65};
  CHECK(refusal_of(equal_ranks(3), asked) ==
        "a cut into 65 adds up to 65 layers; accepted: 157, as many as the model has");
  asked.cut_layers = {157};  // one stage
  CHECK(choose_plan(equal_ranks(3), small_model(), asked).all[2].what->stages.size() == 1);
}

TEST_CASE("options that contradict each other are refused") {
  settings asked;
  asked.cut_layers = {157};
  asked.n_stages = 2;
  CHECK(refusal_of(equal_ranks(2), asked) ==
        "--stages: a cut says how many there are; leave it out");
  asked.n_stages = 0;
  asked.cut_operators = {65};
  CHECK(refusal_of(equal_ranks(2), asked) == "--cut and --cut-operators: one of them is accepted");
  asked.cut_operators.clear();
  asked.mode = spread_mode::replicas;
  CHECK(refusal_of(equal_ranks(2), asked) ==
        "--mode replicas: does not cut the model; accepted with --stages and --cut: pipeline, "
        "hybrid, auto");
}

TEST_CASE("pictures are read outside the slowest stage") {
  settings asked;
  asked.mode = spread_mode::pipeline;
  asked.cut_operators = {10, 40, 15};
  const plan_problem problem = equal_ranks(3);
  const plan_choice choice = choose_plan(problem, small_model(), asked);
  const plan& made = *choice.all[choice.chosen].what;
  CHECK(made.bottleneck == 1);
  const std::size_t slowest = made.stages[1].seats[0].rank;
  std::vector<std::size_t> others{0, 1, 2};
  others.erase(others.begin() + static_cast<std::ptrdiff_t>(slowest));
  CHECK(ranks_that_read(problem, made) == others);
  // A rank without a stage reads too.
  others.push_back(3);
  CHECK(ranks_that_read(equal_ranks(4), made) == others);
  // One rank does all.
  asked.cut_operators.clear();
  asked.mode = spread_mode::single;
  const plan_choice alone = choose_plan(problem, small_model(), asked);
  CHECK(ranks_that_read(problem, *alone.all[alone.chosen].what).empty());
  // Where all ranks are in the slowest stage, each reads its own.
  asked = {};
  const plan_choice copies = choose_plan(equal_ranks(2), small_model(), asked);
  CHECK(ranks_that_read(equal_ranks(2), *copies.all[copies.chosen].what).empty());
}

TEST_CASE("some links stand for all") {
  CHECK(link_pairs({"a"}, 8).empty());
  CHECK(link_pairs({"a", "a", "a"}, 8) == std::vector<link_pair>{{0, 1, false}});
  CHECK(link_pairs({"a", "b", "a", "c"}, 8) ==
        std::vector<link_pair>{{0, 2, false}, {0, 1, true}, {0, 3, true}, {1, 3, true}});
  std::vector<std::string> many;
  for (int i = 0; i < 100; ++i) many.push_back(std::to_string(i / 2));
  CHECK(link_pairs(many, 8).size() == 16);
}
