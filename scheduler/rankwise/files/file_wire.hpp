// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

namespace rankwise::files {

/// What a rank asks the root for; travels as its bytes.
struct block_request {
  std::uint32_t file = 0;  ///< its number in the list
  std::uint32_t n_bytes = 0;
  std::uint64_t offset = 0;
};

static_assert(sizeof(block_request) == 16);

/// Before the answer stands one byte that says what it is: the bytes asked for, or why there are
/// none.
enum class block_answer : std::uint8_t { bytes, failure };

/// A rank asks for that many bytes at a time,
inline constexpr std::size_t block_bytes = std::size_t{256} << 10U;

/// and for so many blocks ahead of what it works on.
inline constexpr std::size_t blocks_ahead = 4;

}  // namespace rankwise::files
