// SPDX-License-Identifier: MIT
#include "inference/plan/plan_text.hpp"

#include "catch.hpp"
#include "inference/plan/evaluate.hpp"
#include "inference/plan/planner.hpp"

#include <string>
#include <vector>

using namespace rankwise::inference;  // NOLINT: the test is all about it
using Catch::Matchers::Contains;
using Catch::Matchers::Equals;

namespace {

/// Four operators on two hosts with two kinds of rank.
plan_problem two_hosts() {
  plan_problem problem;
  for (int i = 0; i < 4; ++i) problem.operators.push_back({1'000'000, 200'000});
  problem.live_bytes = {150'000, 400'000, 400'000, 100'000, 4'000};
  problem.ranks = {{"pi1", {0.004, 0.002, 0.002, 0.004}, 0},
                   {"pi2", {0.008, 0.004, 0.004, 0.008}, 0}};
  problem.same_host = {0.00001, 5e9, false};
  problem.network = {0.0002, 1e8, true};
  return problem;
}

plan_choice choice_of(const plan_problem& problem) {
  plan_choice choice;
  choice.operators = {"a", "b", "c", "d"};
  choice.all = {{"single", plan_for_one(problem)},
                {"replicas", std::nullopt, "no rank has the memory for all of the model"},
                {"pipeline", evaluate(problem, {{0, 3, {0}}, {3, 4, {1}}})}};
  choice.chosen = 2;
  return choice;
}

}  // namespace

TEST_CASE("a plan that may not be the best says how near it is") {
  const plan_problem problem = two_hosts();
  plan_choice choice = choice_of(problem);
  plan& chosen = *choice.all[choice.chosen].what;
  chosen.bound = chosen.rate * 1.25;
  CHECK_THAT(
      plan_text(problem, choice),
      Contains("\nwithin 20.0 % of the best plan: ranks are too unequal, or operators too many, "
               "to look at all\n"));
  CHECK_THAT(plan_json(problem, choice), Contains(R"("rate":124.378,"no_plan_above":155.473,)"));
  chosen.bound = chosen.rate;
  CHECK_THAT(plan_text(problem, choice), Contains("\nwithin 0.1 % of the best plan"));
}

TEST_CASE("a plan is shown with its stages, its bound and what else there was") {
  const plan_problem problem = two_hosts();
  CHECK_THAT(
      plan_text(problem, choice_of(problem)),
      Equals("plan: pipeline, 124 items/s expected (1.50 x one rank)\n"
             "stage  operators  rank  host             compute, ms    in, ms   out, ms    memory   "
             "items/s\n"
             "    0  0-2           0  pi1                     8.00      0.04      1.20    3.2 MB   "
             "    "
             "124\n"
             "    1  3-3           1  pi2                     8.00      1.20      0.24    1.2 MB   "
             "    "
             "125\n"
             "bound by stage 0: 124 items/s, most of it computing\n"
             "links: on a host 0.01 ms and 5.0 GB/s, on top of computing; between hosts 0.2 ms and "
             "100 MB/s, beside computing (the slowest of them)\n"
             "alternatives:\n"
             "  single          83 items/s   1.00 x one rank  1 rank in 1 stage\n"
             "  replicas   none: no rank has the memory for all of the model\n"
             "  pipeline       124 items/s   1.50 x one rank  2 ranks in 2 stages  (chosen)\n"
             "A cut model is faster here than whole copies: ranks or links are unequal.\n"));
}

TEST_CASE("what bounds a plan is named") {
  plan_problem problem = two_hosts();
  problem.network.bytes_per_s = 1e7;
  plan_choice choice;
  choice.all = {{"pipeline", evaluate(problem, {{0, 2, {0}}, {2, 4, {1}}})}};
  CHECK_THAT(plan_text(problem, choice),
             Contains("bound by stage 0: 24.9 items/s, most of it what goes out"));
  problem.network = {0, 1e6, true};
  choice.all = {{"replicas", evaluate(problem, {{0, 4, {0, 1}}})}};
  CHECK_THAT(plan_text(problem, choice), Contains("alternatives:") && Contains("replicas"));
}

TEST_CASE("whole copies are said to do where they do") {
  plan_problem problem = two_hosts();
  problem.ranks[1].host = "pi1";
  plan_choice choice = choice_of(problem);
  choice.all[1] = {"replicas", plan_of_copies(problem)};
  CHECK_THAT(plan_text(problem, choice), Contains("Whole copies are as fast here as any pipeline"));
}

TEST_CASE("what came is shown beside what was expected") {
  const plan_problem problem = two_hosts();
  CHECK_THAT(result_text(choice_of(problem), {100, {{0, 0, 0.009}, {1, 1, 0.0081}}}),
             Equals("100 items/s, 0.80 of the 124 expected\n"
                    "stage  rank   expected, ms   achieved, ms\n"
                    "    0     0           8.00           9.00\n"
                    "    1     1           8.00           8.10\n"));
}

TEST_CASE("the same as JSON") {
  plan_problem problem = two_hosts();
  problem.same_host.bytes_per_s = std::numeric_limits<double>::infinity();
  const std::string text = plan_json(problem, choice_of(problem));
  CHECK_THAT(text,
             Contains(R"("chosen":"pipeline","operators":["a","b","c","d"])") &&
                 Contains(R"("same_host":{"latency_s":0.000010000,"bytes_per_s":null,)") &&
                 Contains(R"("replicas":{"none":"no rank has the memory)") &&
                 Contains(R"("stages":[{"first":0,"last":2,"memory_bytes":3200000,)"));
}
