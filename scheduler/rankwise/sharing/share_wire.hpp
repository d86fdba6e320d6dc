// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/rank.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

namespace rankwise::sharing {

/// What a rank that fetches a shared value asks of another.
enum class request_kind : std::uint32_t {
  source,         ///< of the root: from whom to fetch
  other_source,   ///< of the root: the same, since the last one does not answer or has nothing
  piece,          ///< of a source
  sign_of_life,   ///< of a source
  complete,       ///< to the root: this rank has the value, and passes it on
  complete_alone  ///< to the root: this rank has the value, and not its bytes
};

/// It travels as its bytes.
struct request {
  request_kind kind = request_kind::source;
  std::uint32_t reserved = 0;
  std::uint64_t piece = 0;
};

/// What the answer to that begins with.
enum class answer_kind : std::uint32_t {
  source,   ///< its rank; the numbers of all that is wanted follow
  piece,    ///< its number; its bytes follow
  waiting,  ///< the source does not have the piece yet, and will send it
  none,     ///< the source does not have the piece, and will not get it
  noted,
  let_go  ///< no answer: the root says that the value is not wanted any more
};

/// It travels as its bytes.
struct answer {
  answer_kind kind = answer_kind::noted;
  std::uint32_t rank = 0;
  std::uint64_t piece = 0;
};

static_assert(std::has_unique_object_representations_v<request>);
static_assert(std::has_unique_object_representations_v<answer>);

/// The bytes that are sent at a time: few enough that ranks of a chain pass them on while others
/// are still on their way, and enough that messages cost little.
inline constexpr std::size_t piece_bytes = std::size_t{256} << 10U;

/// The pieces that a rank asks for ahead.
inline constexpr std::uint64_t pieces_ahead = 4;

inline std::uint64_t pieces_of(std::size_t n_bytes) {
  return (n_bytes + piece_bytes - 1) / piece_bytes;
}

inline std::span<const std::byte> piece_of(std::span<const std::byte> all, std::uint64_t piece) {
  const std::size_t begin = std::min<std::size_t>(all.size(), piece * piece_bytes);
  return all.subspan(begin, std::min(piece_bytes, all.size() - begin));
}

/// The channel on which `source` passes on the value of that number.
inline std::uint64_t channel_of(std::uint64_t number, rank_id source) {
  constexpr unsigned rank_bits = 24;
  return std::uint64_t{1} << 63U | number << rank_bits | to_index(source);
}

}  // namespace rankwise::sharing
