// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/types.hpp>
#include <rankwise/exchange/frame_layout.hpp>
#include <rankwise/wire/buffer.hpp>
#include <rankwise/wire/frame.hpp>

#include <fmt/core.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <variant>

namespace rankwise::exchange {

/// Takes a frame apart; all lengths are checked before anything is read.
class frame_reader {
 public:
  /// Throws: wire::decode_error if `frame` is not a whole frame of this wire version, or not the
  /// one that is due.
  frame_reader(std::span<const std::byte> frame, std::uint32_t due)
      : frame_(wire::parse_frame(frame)), messages_(frame_.payload) {
    const bool is_known = kind() == frame_kind::calls || kind() == frame_kind::channels;
    if (frame_.header.sequence != due || !is_known) refuse_frame(due);
  }

  frame_kind kind() const { return static_cast<frame_kind>(frame_.header.kind); }

  core::incarnation_number incarnation() const { return frame_.header.incarnation; }

  /// The next message of a frame of calls, one of `Bodies`, and its payload; false at the end of
  /// the frame.
  ///
  /// Throws: wire::decode_error if it is another.
  template <class... Bodies>
  bool next(std::variant<Bodies...>& message, std::span<const std::byte>& payload) {
    if (messages_.remaining() == 0) return false;
    const auto header = messages_.take_value<message_header>();
    const bool is_known = (take<Bodies>(header, message) || ...);
    if (!is_known) refuse_message(header);
    payload = messages_.take(header.payload_bytes());
    return true;
  }

  /// The next message of a frame of channels, and its content; false at the end of the frame.
  bool next(channel_header& header, std::span<const std::byte>& content) {
    if (messages_.remaining() == 0) return false;
    header = messages_.take_value<channel_header>();
    content = messages_.take(header.payload_bytes);
    return true;
  }

 private:
  // Apart, so that what reads a message is short enough to be inlined.
  [[noreturn, gnu::cold, gnu::noinline]] void refuse_frame(std::uint32_t due) const {
    if (frame_.header.sequence != due) {
      throw wire::decode_error(
          fmt::format("frame {} came where frame {} was due", frame_.header.sequence, due));
    }
    throw wire::decode_error(
        fmt::format("a frame of kind {}: 1 and 2 are known", frame_.header.kind));
  }

  [[noreturn, gnu::cold, gnu::noinline]] static void refuse_message(const message_header& header) {
    throw wire::decode_error(fmt::format("a message of kind {}, which its sender may not send",
                                         static_cast<int>(header.kind())));
  }

  template <class Body, class Message>
  bool take(const message_header& header, Message& message) {
    if (header.kind() != Body::kind) return false;
    message = messages_.take_value<Body>();
    return true;
  }

  wire::parsed_frame frame_;
  wire::reader messages_;
};

}  // namespace rankwise::exchange
