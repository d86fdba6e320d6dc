// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/wire/buffer.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace rankwise::wire {

/// What a frame begins with: "RNKW" as it reads in memory on a little-endian machine.
inline constexpr std::uint32_t frame_magic = 0x574b4e52U;

/// Changes whenever frames or the values in them are written differently.
inline constexpr std::uint16_t wire_version = 6;

/// What stands before the payload of every message.
struct frame_header {
  std::uint32_t magic = frame_magic;
  std::uint16_t version = wire_version;
  std::uint8_t kind = 0;  ///< what the payload is, in numbers of whoever sends frames
  std::uint8_t reserved = 0;
  std::uint32_t sequence = 0;       ///< counts the frames from one rank to another
  std::uint32_t incarnation = 0;    ///< of the rank that is not the root
  std::uint64_t payload_bytes = 0;  ///< that follow
};

static_assert(sizeof(frame_header) == 24, "no hidden padding: it travels as its bytes");

/// A frame taken apart; `payload` points into the bytes that were parsed.
struct parsed_frame {
  frame_header header;
  std::span<const std::byte> payload;
};

namespace detail {

constexpr std::uint32_t swap_bytes(std::uint32_t value) noexcept {
  return (value >> 24U) | ((value >> 8U) & 0xff00U) | ((value << 8U) & 0xff0000U) | (value << 24U);
}

}  // namespace detail

namespace detail {

/// Says what is wrong with a header that is not as it should be.
[[noreturn, gnu::cold, gnu::noinline]] inline void refuse_frame(const frame_header& header,
                                                                std::size_t payload_bytes) {
  if (header.magic == swap_bytes(frame_magic))
    throw decode_error("frame of a rank with the other byte order");
  if (header.magic != frame_magic) {
    throw decode_error("not a frame: it begins with " + std::to_string(header.magic) +
                       " in place of " + std::to_string(frame_magic));
  }
  if (header.version != wire_version) {
    throw decode_error("frame of wire version " + std::to_string(header.version) +
                       ": this program has " + std::to_string(wire_version));
  }
  throw decode_error("frame with " + std::to_string(payload_bytes) +
                     " bytes of payload: its header says " + std::to_string(header.payload_bytes));
}

[[noreturn, gnu::cold, gnu::noinline]] inline void refuse_short_frame(std::size_t n_bytes) {
  throw decode_error("frame of " + std::to_string(n_bytes) + " bytes: its header alone has " +
                     std::to_string(sizeof(frame_header)));
}

}  // namespace detail

/// Takes a received message apart.
///
/// Throws: decode_error, naming what was found and what was expected, if it is no frame of this
/// wire version, or longer or shorter than its header says.
inline parsed_frame parse_frame(std::span<const std::byte> message) {
  if (message.size() < sizeof(frame_header)) detail::refuse_short_frame(message.size());
  reader source(message);
  const auto header = source.take_value<frame_header>();
  if (header.magic != frame_magic || header.version != wire_version ||
      header.payload_bytes != source.remaining()) {
    detail::refuse_frame(header, source.remaining());
  }
  return {header, source.take(source.remaining())};
}

}  // namespace rankwise::wire
