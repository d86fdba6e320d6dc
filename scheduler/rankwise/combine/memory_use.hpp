// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

namespace rankwise::combine {

/// What the tables and buffers of one rank take together, in bytes.
struct memory_use {
  std::size_t bytes = 0;
  std::size_t most_bytes = 0;

  void change(std::size_t before, std::size_t after) {
    bytes = bytes - before + after;
    if (bytes > most_bytes) most_bytes = bytes;
  }
};

}  // namespace rankwise::combine
