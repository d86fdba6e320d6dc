// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/types.hpp>
#include <rankwise/wire/codec.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <ranges>
#include <span>
#include <type_traits>

namespace rankwise::engine {

template <class Range>
inline constexpr bool is_iota = false;
template <class Value, class Bound>
inline constexpr bool is_iota<std::ranges::iota_view<Value, Bound>> = std::integral<Value>;

/// Inputs on a rank that is not the root, as they were sent with each chunk.
template <class Value>
class received_inputs {
 public:
  explicit received_inputs(std::span<const std::byte> bytes) : decoder_(bytes) {}

  /// Successive calls give successive inputs of the chunk.
  Value next(std::uint64_t /*index*/) { return decoder_.get(); }

 private:
  wire::decoder<Value> decoder_;
};

/// Inputs that are numbers in sequence: only the first is ever sent.
template <class Value>
struct counted_inputs {
  Value first{};

  Value next(std::uint64_t index) const {
    using unsigned_value =
        std::make_unsigned_t<Value>;  // the sum of signed ones might overflow on the way
    return static_cast<Value>(static_cast<unsigned_value>(first) +
                              static_cast<unsigned_value>(index));
  }
};

/// Inputs on the root: the caller's range, which lives as long as the call.
template <class Range>
class given_inputs {
 public:
  using value_type = std::ranges::range_value_t<Range>;

  explicit given_inputs(const Range& range) : range_(&range) {}

  std::uint64_t size() const { return static_cast<std::uint64_t>(std::ranges::size(*range_)); }

  decltype(auto) next(std::uint64_t index) const {
    return std::ranges::begin(
        *range_)[static_cast<std::ranges::range_difference_t<const Range>>(index)];
  }

  /// Appends the inputs of `items` to `out`, as `received_inputs` reads them.
  void encode(core::item_range items, wire::bytes& out) const {
    wire::encoder<value_type> encoder(out);
    if constexpr (std::ranges::contiguous_range<const Range>) {
      encoder.put_all(
          std::span<const value_type>(std::ranges::data(*range_) + items.first, items.count));
    } else {
      for (std::uint64_t index = items.first; index != items.end(); ++index)
        encoder.put(next(index));
    }
  }

 private:
  const Range* range_;
};

}  // namespace rankwise::engine
