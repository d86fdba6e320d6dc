// SPDX-License-Identifier: MIT
#pragma once

#include "inference/plan/problem.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace rankwise::inference {

/// One way to spread a model.
struct alternative {
  std::string name;
  std::optional<plan> what;
  std::string why_none = {};  ///< where there is no plan
};

/// What there was to choose from.
struct plan_choice {
  std::vector<std::string> operators;  ///< their names
  std::vector<alternative> all;
  std::size_t chosen = 0;  ///< has a plan
};

/// What a run of a plan came to.
struct seat_result {
  std::size_t stage = 0;
  std::size_t rank = 0;
  double seconds = 0;  ///< that the rank was busy, an item
};

struct plan_result {
  double rate = 0;  ///< items a second
  std::vector<seat_result> seats;
};

/// The chosen plan, stage by stage, what bounds it, the links, and the alternatives; lines of at
/// most some 110 characters. Local: pure.
std::string plan_text(const plan_problem& problem, const plan_choice& choice);

/// The same as an object of JSON: times in seconds, rates in items a second.
std::string plan_json(const plan_problem& problem, const plan_choice& choice);

/// What was expected of the chosen plan beside what came.
std::string result_text(const plan_choice& choice, const plan_result& result);

/// "0.02 ms and 1.2 GB/s, beside computing".
std::string link_text(const link_cost& link);

}  // namespace rankwise::inference
