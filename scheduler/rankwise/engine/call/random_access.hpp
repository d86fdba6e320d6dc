// SPDX-License-Identifier: MIT
#pragma once

#include <ranges>
#include <utility>
#include <vector>

namespace rankwise::engine {

/// Inputs that can be read from anywhere: those of the caller where they are a random-access range,
/// else a copy.
template <class Inputs>
decltype(auto) random_access(const Inputs& inputs) requires
    std::ranges::random_access_range<const Inputs> && std::ranges::sized_range<const Inputs> {
  return (inputs);
}

template <class Inputs>
std::vector<std::ranges::range_value_t<Inputs>> random_access(Inputs& inputs) requires(
    !std::ranges::random_access_range<const Inputs> || !std::ranges::sized_range<const Inputs>) {
  std::vector<std::ranges::range_value_t<Inputs>> copy;
  for (auto&& input : inputs) copy.emplace_back(std::forward<decltype(input)>(input));
  return copy;
}

}  // namespace rankwise::engine
