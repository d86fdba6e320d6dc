// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/message.hpp>
#include <rankwise/core/types.hpp>
#include <rankwise/exchange/frame_layout.hpp>
#include <rankwise/transport/endpoint.hpp>
#include <rankwise/wire/buffer.hpp>
#include <rankwise/wire/frame.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <utility>

namespace rankwise::exchange {

/// Gathers messages for one rank, and sends them as one frame. A frame has messages of one kind and
/// incarnation.
class outbox {
 public:
  outbox(transport::endpoint& endpoint, rank_id to) : endpoint_(&endpoint), to_(to) {}

  /// Adds a message; the caller appends its payload to what is returned, then calls `end`.
  wire::bytes& begin(core::incarnation_number incarnation, const core::message& message) {
    open(frame_kind::calls, incarnation);
    message_at_ = frame_.size();
    wire::append_value(frame_, message);
    return frame_;
  }

  /// The payload of the message that was begun is complete.
  void end() {
    const std::uint64_t payload_bytes = frame_.size() - message_at_ - sizeof(core::message);
    std::memcpy(frame_.data() + message_at_ + offsetof(core::message, payload_bytes),
                &payload_bytes,
                sizeof payload_bytes);
  }

  void add(core::incarnation_number incarnation,
           const core::message& message,
           std::span<const std::byte> payload = {}) {
    core::message sized = message;
    sized.payload_bytes = payload.size();
    add(frame_kind::calls, incarnation, sized, payload);
  }

  /// Adds a message whose payload stands in `buffer` behind `report_headroom` of room, or is
  /// empty; a large one is sent as it is, at once.
  void add_buffer(core::incarnation_number incarnation,
                  const core::message& message,
                  wire::bytes& buffer) {
    core::message sized = message;
    sized.payload_bytes = buffer.size() - std::min(buffer.size(), report_headroom);
    add_buffer(frame_kind::calls, incarnation, sized, buffer);
  }

  /// Adds a channel message, whose content stands in `buffer` behind `channel_headroom` of room; a
  /// large one is sent as it is, at once.
  void add_to_channel(std::uint64_t channel, std::uint64_t subject, wire::bytes& buffer) {
    add_buffer(frame_kind::channels,
               0,
               channel_header{channel, subject, buffer.size() - channel_headroom},
               buffer);
  }

  void send() {
    if (n_messages_ == 0) return;
    wire::frame_header header;
    header.kind = static_cast<std::uint8_t>(kind_);
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
  /// A message goes into the frame from here on.
  void open(frame_kind kind, core::incarnation_number incarnation) {
    if (n_messages_ != 0 && (kind != kind_ || incarnation != incarnation_)) send();
    if (frame_.empty()) {
      frame_ = endpoint_->new_buffer();
      wire::extend(frame_, sizeof(wire::frame_header));
    }
    kind_ = kind;
    incarnation_ = incarnation;
    ++n_messages_;
  }

  template <class Header>
  void add(frame_kind kind,
           core::incarnation_number incarnation,
           const Header& header,
           std::span<const std::byte> payload) {
    open(kind, incarnation);
    wire::append_value(frame_, header);
    wire::append(frame_, payload.data(), payload.size());
  }

  template <class Header>
  void add_buffer(frame_kind kind,
                  core::incarnation_number incarnation,
                  const Header& header,
                  wire::bytes& buffer) {
    constexpr std::size_t large = std::size_t{1} << 15U;
    constexpr std::size_t headroom = sizeof(wire::frame_header) + sizeof(Header);
    if (buffer.size() < large) {
      add(kind, incarnation, header, std::span(buffer).subspan(std::min(buffer.size(), headroom)));
      return;
    }
    send();
    std::memcpy(buffer.data() + sizeof(wire::frame_header), &header, sizeof header);
    frame_ = std::move(buffer);
    buffer = {};
    kind_ = kind;
    incarnation_ = incarnation;
    n_messages_ = 1;
    send();
  }

  transport::endpoint* endpoint_;
  rank_id to_;
  wire::bytes frame_;
  std::size_t message_at_ = 0;
  std::size_t n_messages_ = 0;
  std::uint32_t sequence_ = 0;
  frame_kind kind_ = frame_kind::calls;
  core::incarnation_number incarnation_ = 0;
};

}  // namespace rankwise::exchange
