// SPDX-License-Identifier: MIT
#include "inference/model/layer_cuts.hpp"

#include <rankwise/error.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>

namespace rankwise::inference {

namespace {

/// What is counted up to each position: [operators + 1].
std::vector<std::uint64_t> running_count(const std::vector<std::uint64_t>& counts) {
  std::vector<std::uint64_t> upto(counts.size() + 1);
  std::partial_sum(counts.begin(), counts.end(), upto.begin() + 1);
  return upto;
}

std::vector<std::size_t> cuts_at(const std::vector<std::uint64_t>& counts,
                                 std::span<const std::uint32_t> wanted,
                                 const char* what) {
  const std::vector<std::uint64_t> upto = running_count(counts);
  const std::uint64_t sum = std::accumulate(wanted.begin(), wanted.end(), std::uint64_t{0});
  if (wanted.empty() || sum != upto.back())
    throw config_error(
        fmt::format("a cut into {} adds up to {} {}; accepted: {}, as many as the "
                    "model has",
                    fmt::join(wanted, ","),
                    sum,
                    what,
                    upto.back()));
  if (wanted.size() > counts.size())
    throw config_error(
        fmt::format("a cut into {} stages; accepted: as many as the model has "
                    "operators at most, {}",
                    wanted.size(),
                    counts.size()));
  std::vector<std::size_t> cuts;
  std::uint64_t target = 0;
  for (std::size_t stage = 0; stage + 1 < wanted.size(); ++stage) {
    target += wanted[stage];
    const auto after =
        std::lower_bound(upto.begin(), upto.end(), target);  // there is one: upto ends with the sum
    auto place = static_cast<std::size_t>(after - upto.begin());
    if (place > 0 && target - upto[place - 1] < upto[place] - target) --place;
    // An operator for this stage, and for each that follows.
    const std::size_t least = cuts.empty() ? 1 : cuts.back() + 1;
    const std::size_t most = counts.size() - (wanted.size() - 1 - stage);
    cuts.push_back(std::clamp(place, least, most));
  }
  return cuts;
}

std::vector<std::uint64_t> layer_counts(const graph& whole) {
  std::vector<std::uint64_t> counts;
  for (const operator_node& node : whole.operators) counts.push_back(node.keras_layers);
  return counts;
}

}  // namespace

std::vector<std::size_t> cuts_of_layers(const graph& whole, std::span<const std::uint32_t> layers) {
  return cuts_at(layer_counts(whole), layers, "layers");
}

std::vector<std::size_t> cuts_of_operators(const graph& whole,
                                           std::span<const std::uint32_t> operators) {
  return cuts_at(std::vector<std::uint64_t>(whole.operators.size(), 1), operators, "operators");
}

std::uint64_t n_layers(const graph& whole) {
  const std::vector<std::uint64_t> counts = layer_counts(whole);
  return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
}

}  // namespace rankwise::inference
