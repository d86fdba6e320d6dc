// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/wire/buffer.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace rankwise::combine {

/// The keys of a table that do not fit into its slots, one behind the other.
class long_keys {
 public:
  /// Returns the place of the new key.
  std::uint64_t add(std::string_view key) {
    const std::size_t place = bytes_.size();
    const std::uint64_t size = key.size();
    wire::append_value(bytes_, size);
    wire::append(bytes_, key.data(), key.size());
    return place;
  }

  /// The key at `place`; it stays there until the next one is added.
  std::string_view at(std::uint64_t place) const {
    std::uint64_t size = 0;
    std::memcpy(&size, bytes_.data() + place, sizeof size);
    return {reinterpret_cast<const char*>(bytes_.data() + place + sizeof size), size};
  }

  std::size_t capacity() const { return bytes_.capacity(); }

 private:
  wire::bytes bytes_;
};

}  // namespace rankwise::combine
