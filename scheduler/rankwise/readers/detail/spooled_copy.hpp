// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

namespace rankwise {

/// Where the root keeps what it could read only once: standard input, a FIFO, a file of /proc.
struct spooled_copy {
  std::string path;  ///< of a nameless file of the root's process, which may hold other copies
  std::uint64_t first = 0;
  std::uint64_t n_bytes = 0;
};

}  // namespace rankwise
