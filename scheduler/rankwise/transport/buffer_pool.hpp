// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/wire/buffer.hpp>

#include <cstddef>
#include <utility>
#include <vector>

namespace rankwise::transport {

/// Memory of small frames that have been sent or taken, to be used again.
class buffer_pool {
 public:
  /// An empty buffer, with room if there is one to be used again.
  wire::bytes take() {
    if (free_.empty()) return {};
    wire::bytes buffer = std::move(free_.back());
    free_.pop_back();
    buffer.clear();
    return buffer;
  }

  /// Keeps `buffer` to be used again, if it is small and there are not enough yet.
  void keep(wire::bytes buffer) {
    constexpr std::size_t kept_at_most = 64;
    if (buffer.capacity() != 0 && is_small(buffer) && free_.size() < kept_at_most)
      free_.push_back(std::move(buffer));
  }

  static bool is_small(const wire::bytes& buffer) {
    constexpr std::size_t small_bytes = std::size_t{1} << 16U;
    return buffer.capacity() <= small_bytes;
  }

 private:
  std::vector<wire::bytes> free_;
};

}  // namespace rankwise::transport
