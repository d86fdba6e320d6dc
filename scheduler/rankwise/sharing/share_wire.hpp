// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/rank.hpp>
#include <rankwise/sharing/segment.hpp>
#include <rankwise/wire/buffer.hpp>

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
  segment,        ///< of a source on the same host: the shared memory that it has the value in
  whole,          ///< of the same: to say when all of the value is there
  sign_of_life,   ///< of a source
  complete,       ///< to the root: this rank has the value, and passes it on
  complete_alone  ///< to the root: this rank has the value, and not its bytes
};

/// It travels as its bytes.
struct request {
  request_kind kind = request_kind::source;
  std::uint32_t reserved = 0;
  std::uint64_t piece = 0;  ///< of `whole`: the token of the segment

  bool operator==(const request&) const = default;
};

/// What the answer to that begins with.
enum class answer_kind : std::uint32_t {
  source,      ///< its rank, and `host_flags`; the numbers of all that is wanted follow
  piece,       ///< its number; its bytes follow
  segment,     ///< a segment_place follows
  no_segment,  ///< the source has the value in memory of its own
  whole,       ///< its token; the segment has all of the value
  waiting,     ///< the source does not have what was asked for yet, and will send it
  none,        ///< the source does not have it, and will not get it
  noted,
  let_go  ///< no answer: the root says that the value is not wanted any more
};

/// Bits: where a source is, and who else may need the value.
enum host_flags : std::uint64_t {
  none_near = 0,
  source_is_near = 1,  ///< on the host of the rank that asks
  others_are_near = 2  ///< that rank is not the only one on its host
};

/// It travels as its bytes.
struct answer {
  answer_kind kind = answer_kind::noted;
  std::uint32_t rank = 0;
  std::uint64_t number = 0;  ///< of the piece, the flags, or the token
};

static_assert(std::has_unique_object_representations_v<request>);
static_assert(std::has_unique_object_representations_v<answer>);
static_assert(std::has_unique_object_representations_v<segment_place>);

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

/// Appends where others of the host find `memory`; null: there is none.
inline void append_segment(const segment* memory, wire::bytes& out) {
  if (memory == nullptr) {
    wire::append_value(out, answer{answer_kind::no_segment, 0, 0});
    return;
  }
  wire::append_value(out, answer{answer_kind::segment, 0, 0});
  wire::append_value(out, memory->place());
}

/// The channel on which `source` passes on the value of that number.
inline std::uint64_t channel_of(std::uint64_t number, rank_id source) {
  constexpr unsigned rank_bits = 24;
  return std::uint64_t{1} << 63U | number << rank_bits | to_index(source);
}

}  // namespace rankwise::sharing
