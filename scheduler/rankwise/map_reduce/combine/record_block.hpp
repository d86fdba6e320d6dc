// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/exchange/frame_layout.hpp>
#include <rankwise/map_reduce/combine/records.hpp>
#include <rankwise/wire/buffer.hpp>

#include <cstddef>
#include <cstring>
#include <span>
#include <utility>

namespace rankwise::combine {

/// Whole records in a row, behind the room that a channel message begins with and before their
/// slack: they are sent, kept where they came in, and written to disk as they stand.
class record_block {
 public:
  /// `frame` holds the records from `begin` on, and their slack at its end.
  explicit record_block(wire::bytes frame, std::size_t begin = exchange::channel_headroom)
      : frame_(std::move(frame)), begin_(begin) {}

  /// A block of its own, no larger than it must be.
  static record_block copy_of(std::span<const std::byte> records) {
    wire::bytes frame(exchange::channel_headroom + records.size() + record_slack);
    std::byte* const begin = frame.data() + exchange::channel_headroom;
    if (!records.empty()) std::memcpy(begin, records.data(), records.size());
    std::memset(begin + records.size(), 0, record_slack);
    return record_block(std::move(frame));
  }

  /// The records without their slack, which stands behind them.
  std::span<const std::byte> records() const {
    return std::span(frame_).subspan(begin_, frame_.size() - begin_ - record_slack);
  }

  /// Memory taken, in bytes.
  std::size_t bytes() const { return frame_.capacity(); }

  /// The block as the content of a channel message, where it did not come in one.
  wire::bytes release() { return std::move(frame_); }

 private:
  wire::bytes frame_;
  std::size_t begin_;
};

}  // namespace rankwise::combine
