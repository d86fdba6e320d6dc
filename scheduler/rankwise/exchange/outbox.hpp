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
  template <class Body>
  wire::bytes& begin(core::incarnation_number incarnation, const Body& body) {
    open(frame_kind::calls, incarnation);
    begun_at_ = frame_.size();
    begun_ = Body::kind;
    wire::append_value(frame_, message_header());
    wire::append_value(frame_, body);
    payload_at_ = frame_.size();
    return frame_;
  }

  /// The payload of the message that was begun is complete.
  void end() {
    const message_header header(begun_, frame_.size() - payload_at_);
    std::memcpy(frame_.data() + begun_at_, &header, sizeof header);
  }

  template <class Body>
  void add(core::incarnation_number incarnation,
           const Body& body,
           std::span<const std::byte> payload = {}) {
    append(
        frame_kind::calls, incarnation, payload, message_header(Body::kind, payload.size()), body);
  }

  /// Adds a message whose payload stands in `buffer` behind `report_headroom` of room, or is
  /// empty; the large one of results is sent as it is, at once.
  template <class Body>
  void add_buffer(core::incarnation_number incarnation, const Body& body, wire::bytes& buffer) {
    append_buffer(
        frame_kind::calls,
        incarnation,
        buffer,
        report_headroom,
        message_header(Body::kind, buffer.size() - std::min(buffer.size(), report_headroom)),
        body);
  }

  /// Adds a channel message, whose content stands in `buffer` behind `channel_headroom` of room; a
  /// large one is sent as it is, at once.
  void add_to_channel(std::uint64_t channel, std::uint64_t subject, wire::bytes& buffer) {
    append_buffer(frame_kind::channels,
                  0,
                  buffer,
                  channel_headroom,
                  channel_header{channel, subject, buffer.size() - channel_headroom});
  }

  void send() {
    if (n_messages_ == 0) return;
    wire::frame_header header;
    header.kind = static_cast<std::uint8_t>(kind_);
    header.sequence = sequence_++;
    header.incarnation = incarnation_;
    header.payload_bytes = frame_.size() - sizeof header;
    std::memcpy(frame_.data(), &header, sizeof header);
    n_messages_ = 0;  // also if this throws: the frame is gone
    endpoint_->send(to_, std::exchange(frame_, {}));
  }

  /// Messages that were added and not sent.
  std::size_t n_messages() const { return n_messages_; }

  /// Messages of calls, not of channels, were added and not sent.
  bool has_calls() const { return n_messages_ != 0 && kind_ == frame_kind::calls; }

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

  template <class... Parts>
  void append(frame_kind kind,
              core::incarnation_number incarnation,
              std::span<const std::byte> payload,
              const Parts&... parts) {
    open(kind, incarnation);
    (wire::append_value(frame_, parts), ...);
    wire::append(frame_, payload.data(), payload.size());
  }

  template <class... Parts>
  void append_buffer(frame_kind kind,
                     core::incarnation_number incarnation,
                     wire::bytes& buffer,
                     std::size_t headroom,
                     const Parts&... parts) {
    constexpr std::size_t large = std::size_t{1} << 15U;
    const bool fits = headroom == sizeof(wire::frame_header) + (sizeof(Parts) + ...);
    if (buffer.size() < large || !fits) {
      const std::span<const std::byte> whole = buffer;
      append(kind, incarnation, whole.subspan(std::min(whole.size(), headroom)), parts...);
      return;
    }
    send();
    std::byte* at = buffer.data() + sizeof(wire::frame_header);
    ((std::memcpy(at, &parts, sizeof parts), at += sizeof parts), ...);
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
  std::size_t begun_at_ = 0;
  std::size_t payload_at_ = 0;
  core::message_kind begun_{};
  std::size_t n_messages_ = 0;
  std::uint32_t sequence_ = 0;
  frame_kind kind_ = frame_kind::calls;
  core::incarnation_number incarnation_ = 0;
};

}  // namespace rankwise::exchange
