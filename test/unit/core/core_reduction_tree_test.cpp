// SPDX-License-Identifier: MIT
#include <rankwise/core/reduction_tree.hpp>
#include <rankwise/random.hpp>

#include "catch.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

using rankwise::core::reduction_run;
using rankwise::core::reduction_tree;

namespace {

/// Shows the shape of the tree: ((0 1) 2).
const auto bracket = [](const std::string& left, const std::string& right) {
  return "(" + left + " " + right + ")";
};

/// Reduces `n` items that are cut into runs and added in an order that both follow from `seed`.
std::string reduce_by_chance(std::uint64_t n, std::uint64_t seed) {
  rankwise::random_stream chance(seed, n);
  std::vector<std::pair<std::uint64_t, std::uint64_t>> runs;
  for (std::uint64_t first = 0; first < n;) {
    const std::uint64_t count = std::min<std::uint64_t>(n - first, 1 + chance() % 7);
    runs.emplace_back(first, count);
    first += count;
  }
  std::shuffle(runs.begin(), runs.end(), chance);
  reduction_tree<std::string> tree;
  for (const auto& [first, count] : runs) {
    reduction_run<std::string> run;
    for (std::uint64_t index = first; index != first + count; ++index)
      run.add(index, std::to_string(index), bracket);
    for (auto& node : run.nodes()) tree.add(std::move(node), bracket);
  }
  return tree.result(bracket).value_or("nothing");
}

}  // namespace

TEST_CASE("the tree depends on the number of items alone") {
  CHECK(reduce_by_chance(0, 1) == "nothing");
  CHECK(reduce_by_chance(1, 1) == "0");
  CHECK(reduce_by_chance(5, 1) == "(((0 1) (2 3)) 4)");
  CHECK(reduce_by_chance(7, 1) == "(((0 1) (2 3)) ((4 5) 6))");
  for (const std::uint64_t n : {2U, 3U, 8U, 31U, 100U}) {
    const std::string shape = reduce_by_chance(n, 0);
    for (std::uint64_t seed = 1; seed < 50; ++seed) CHECK(reduce_by_chance(n, seed) == shape);
  }
}

TEST_CASE("a run leaves few nodes") {
  reduction_run<std::uint64_t> run;
  const auto sum = [](std::uint64_t left, std::uint64_t right) { return left + right; };
  for (std::uint64_t index = 3; index < 1003; ++index) run.add(index, index, sum);
  CHECK(run.nodes().size() <= 20);
  std::uint64_t total = 0;
  for (const auto& node : run.nodes()) total += node.value;
  CHECK(total == 1000 * (3 + 1002) / 2);
}
