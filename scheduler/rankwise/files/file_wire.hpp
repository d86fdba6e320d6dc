// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

namespace rankwise::files {

/// A rank's request for a block of a file. It travels as its bytes.
struct block_request {
  std::uint32_t file = 0;  ///< its number in the list
  std::uint32_t n_bytes = 0;
  std::uint64_t offset = 0;
};

static_assert(sizeof(block_request) == 16);

/// The first byte of an answer: the block follows, or a text that says why there is none.
enum class block_answer : std::uint8_t { bytes, failure };

/// The number of bytes that a rank asks for at a time.
inline constexpr std::size_t block_bytes = std::size_t{256} << 10U;

/// The number of blocks that a rank asks for ahead of the one that it works on.
inline constexpr std::size_t blocks_ahead = 4;

}  // namespace rankwise::files
