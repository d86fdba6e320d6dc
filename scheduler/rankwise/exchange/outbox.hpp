// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/message.hpp>
#include <rankwise/core/types.hpp>
#include <rankwise/transport/endpoint.hpp>
#include <rankwise/wire/buffer.hpp>
#include <rankwise/wire/frame.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <utility>

namespace rankwise::exchange {

/// What stands before the payload in a frame that carries one message.
inline constexpr std::size_t front_bytes = sizeof(wire::frame_header) + sizeof(core::message);

/// Gathers messages for one rank, and sends them as one frame.
class outbox {
 public:
  outbox(transport::endpoint& endpoint, rank_id to) : endpoint_(&endpoint), to_(to) {}

  /// Adds `said`; the caller appends its payload to what is returned, then calls `end`.
  wire::bytes& begin(core::incarnation_number incarnation, const core::message& said) {
    if (n_messages_ != 0 && incarnation != incarnation_) send();
    if (frame_.empty()) {
      frame_ = endpoint_->new_buffer();
      wire::extend(frame_, sizeof(wire::frame_header));
    }
    incarnation_ = incarnation;
    ++n_messages_;
    message_at_ = frame_.size();
    wire::append_value(frame_, said);
    return frame_;
  }

  /// The payload of the last message is complete.
  void end() {
    const std::uint64_t payload_bytes = frame_.size() - message_at_ - sizeof(core::message);
    std::memcpy(frame_.data() + message_at_ + offsetof(core::message, payload_bytes),
                &payload_bytes,
                sizeof payload_bytes);
  }

  void add(core::incarnation_number incarnation,
           const core::message& said,
           std::span<const std::byte> payload = {}) {
    wire::append(begin(incarnation, said), payload.data(), payload.size());
    end();
  }

  /// Adds `said`, whose payload stands in `piece` behind `front_bytes` of room; a large one is sent
  /// as it is, at once.
  void add_piece(core::incarnation_number incarnation,
                 const core::message& said,
                 wire::bytes& piece) {
    constexpr std::size_t large = std::size_t{1} << 15U;
    if (piece.size() < large) {
      add(incarnation, said, std::span(piece).subspan(std::min(piece.size(), front_bytes)));
      return;
    }
    send();
    core::message named = said;
    named.payload_bytes = piece.size() - front_bytes;
    std::memcpy(piece.data() + sizeof(wire::frame_header), &named, sizeof named);
    frame_ = std::move(piece);
    piece = {};
    incarnation_ = incarnation;
    n_messages_ = 1;
    send();
  }

  void send() {
    if (n_messages_ == 0) return;
    wire::frame_header header;
    header.sequence = sequence_++;
    header.incarnation = incarnation_;
    header.payload_bytes = frame_.size() - sizeof header;
    std::memcpy(frame_.data(), &header, sizeof header);
    endpoint_->send(to_, std::exchange(frame_, {}));
    n_messages_ = 0;
  }

  /// Messages that were added and not sent.
  std::size_t n_messages() const { return n_messages_; }

  /// Frames sent so far.
  std::uint32_t n_sent() const { return sequence_; }

 private:
  transport::endpoint* endpoint_;
  rank_id to_;
  wire::bytes frame_;
  std::size_t message_at_ = 0;
  std::size_t n_messages_ = 0;
  std::uint32_t sequence_ = 0;
  core::incarnation_number incarnation_ = 0;
};

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
  }

  core::incarnation_number incarnation() const { return frame_.header.incarnation; }

  /// The next message and its payload; false at the end of the frame.
  bool next(core::message& said, std::span<const std::byte>& payload) {
    if (messages_.remaining() == 0) return false;
    said = messages_.take_value<core::message>();
    payload = messages_.take(said.payload_bytes);
    return true;
  }

 private:
  wire::parsed_frame frame_;
  wire::reader messages_;
};

}  // namespace rankwise::exchange
