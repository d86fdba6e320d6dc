// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/message.hpp>
#include <rankwise/core/types.hpp>
#include <rankwise/exchange/frame_layout.hpp>
#include <rankwise/wire/buffer.hpp>
#include <rankwise/wire/frame.hpp>

#include <fmt/core.h>

#include <cstddef>
#include <cstdint>
#include <span>

namespace rankwise::exchange {

/// Takes a frame apart; all lengths are checked before anything is read.
class frame_reader {
 public:
  /// Throws: wire::decode_error if `frame` is not a whole frame of this wire version, or not the
  /// one that is due.
  frame_reader(std::span<const std::byte> frame, std::uint32_t due)
      : frame_(wire::parse_frame(frame)), messages_(frame_.payload) {
    if (frame_.header.sequence != due) {
      throw wire::decode_error(
          fmt::format("frame {} came where frame {} was due", frame_.header.sequence, due));
    }
    if (kind() != frame_kind::calls && kind() != frame_kind::channels) {
      throw wire::decode_error(
          fmt::format("a frame of kind {}: 1 and 2 are known", frame_.header.kind));
    }
  }

  frame_kind kind() const { return static_cast<frame_kind>(frame_.header.kind); }

  core::incarnation_number incarnation() const { return frame_.header.incarnation; }

  /// The next message of a frame of calls, and its payload; false at the end of the frame.
  bool next(core::message& message, std::span<const std::byte>& payload) {
    return take(message, payload);
  }

  /// The next message of a frame of channels, and its content; false at the end of the frame.
  bool next(channel_header& header, std::span<const std::byte>& content) {
    return take(header, content);
  }

 private:
  template <class Header>
  bool take(Header& header, std::span<const std::byte>& payload) {
    if (messages_.remaining() == 0) return false;
    header = messages_.take_value<Header>();
    payload = messages_.take(header.payload_bytes);
    return true;
  }

  wire::parsed_frame frame_;
  wire::reader messages_;
};

}  // namespace rankwise::exchange
