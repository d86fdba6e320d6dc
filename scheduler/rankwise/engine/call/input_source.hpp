// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/engine/call/inputs.hpp>
#include <rankwise/wire/buffer.hpp>

#include <cstddef>
#include <ranges>
#include <span>

namespace rankwise::engine {

/// Where the inputs come from on the other ranks.
template <class Range, bool = is_iota<Range>>
struct input_source {
  using value_type = std::ranges::range_value_t<Range>;

  static void encode(const Range& /*range*/, wire::bytes& /*out*/) {}

  explicit input_source(std::span<const std::byte>& /*call*/) {}

  received_inputs<value_type> open(std::span<const std::byte> chunk) const {
    return received_inputs<value_type>(chunk);
  }
};

template <class Range>
struct input_source<Range, true> {
  using value_type = std::ranges::range_value_t<Range>;

  static void encode(const Range& range, wire::bytes& out) {
    wire::append_value(out, range.empty() ? value_type{} : range.front());
  }

  explicit input_source(std::span<const std::byte>& call) {
    wire::reader reader(call);
    inputs.first = reader.take_value<value_type>();
    call = call.last(reader.remaining());
  }

  counted_inputs<value_type> open(std::span<const std::byte> /*chunk*/) const { return inputs; }

  counted_inputs<value_type> inputs;
};

}  // namespace rankwise::engine
