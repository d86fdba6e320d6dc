// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/map_reduce/combine/packed_key.hpp>

#include <cstddef>

namespace rankwise::combine {

/// Something that was emitted: a key that is held whole, and its value.
template <class Value>
struct batch_entry {
  packed_key key;
  Value value;
};

/// Emitted entries are worked on in batches of that many, so that their places in memory are
/// fetched side by side.
inline constexpr std::size_t batch_size = 64;

}  // namespace rankwise::combine
