// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/map_reduce/combine/value_codec.hpp>
#include <rankwise/wire/traits.hpp>

#include <cstddef>
#include <ranges>

namespace rankwise::combine {

/// What a value takes beside its slot without what its parts hold, in bytes.
template <class Value>
std::size_t flat_bytes(const Value& value) {
  if constexpr (slot_value<Value>) {
    return 0;
  } else if constexpr (std::ranges::sized_range<const Value>) {
    return sizeof value + std::ranges::size(value) * sizeof(std::ranges::range_value_t<Value>);
  } else {
    return sizeof value;
  }
}

/// What a value takes beside its slot, in bytes; containers in containers are counted, what else
/// holds memory is not.
template <class Value>
std::size_t held_bytes(const Value& value) {
  std::size_t all = flat_bytes(value);
  if constexpr (!slot_value<Value> && std::ranges::sized_range<const Value>) {
    using part = std::ranges::range_value_t<Value>;
    if constexpr (!wire::raw<part>) {
      for (const part& one : value) all += held_bytes(one) - sizeof one;
    }
  }
  return all;
}

}  // namespace rankwise::combine
