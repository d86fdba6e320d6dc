// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/readers/byte_source.hpp>
#include <rankwise/readers/input.hpp>
#include <rankwise/readers/token.hpp>
#include <rankwise/wire/buffer.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace rankwise::detail {

/// The part of an input that a reader works on: read block by block, behind the bytes of the record
/// that the last block left unfinished. It grows as far as one record needs.
///
/// `slack_bytes` before and after the text can be read (those after are 0), so that a token's
/// promise holds and steps of 64 bytes need no tail.
/// Cost: a byte is moved once; a record of n bytes takes O(n) time, whatever the blocks.
class text_window {
 public:
  static constexpr std::size_t slack_bytes = 64;

  /// Begins, empty, at byte `offset` of the input's source.
  text_window(input& from, std::uint64_t offset)
      : source_(&from.source()), offset_(offset), last_(from.last()) {}

  char* data() { return reinterpret_cast<char*>(buffer_.data()) + begin_; }

  std::size_t size() const { return size_; }

  char* end() { return data() + size_; }

  /// Where data()[index] lies in the source.
  std::uint64_t offset_of(std::size_t index) const { return offset_ + index; }

  /// Whether all bytes of the input's range have been read.
  bool is_past_range() const { return offset_of(size_) >= last_; }

  /// Drops the first `n_done` bytes, and reads more: up to the end of the input's range, and past
  /// it little by little, because a record ends soon. False at the end of the data.
  ///
  /// Moves the text.
  bool read_more(std::size_t n_done);

 private:
  static constexpr std::size_t block_bytes = std::size_t{256} << 10U;
  static constexpr std::size_t first_bytes_past_range = std::size_t{4} << 10U;

  std::size_t next_bytes() {
    if (!is_past_range()) {
      const std::uint64_t n_left = last_ - offset_of(size_);
      return static_cast<std::size_t>(std::min<std::uint64_t>(block_bytes, n_left));
    }
    const std::size_t n_bytes = bytes_past_range_;
    bytes_past_range_ = std::min(2 * n_bytes, block_bytes);
    return n_bytes;
  }

  byte_source* source_;
  std::uint64_t offset_;  // of the text's begin in the source
  std::uint64_t last_;
  wire::bytes buffer_;
  std::size_t begin_ = 0;  // of the text in the buffer
  std::size_t size_ = 0;
  std::size_t bytes_past_range_ = first_bytes_past_range;
  bool is_ended_ = false;
};

inline bool text_window::read_more(std::size_t n_done) {
  const bool is_unfinished = n_done == 0 && size_ != 0;
  begin_ += n_done;
  size_ -= n_done;
  offset_ += n_done;
  if (is_ended_) return false;
  const std::size_t n_bytes = next_bytes();
  const std::size_t needed = 3 * slack_bytes + size_ + n_bytes;
  if (needed > buffer_.size()) buffer_.resize(needed + needed / 2);
  if (!is_unfinished) {
    // To where the new bytes lie at a multiple of 64: the system copies them up to four times as
    // fast there. What is unfinished since the last time is not moved again.
    const auto place = reinterpret_cast<std::uintptr_t>(buffer_.data());
    const std::size_t begin = slack_bytes + (0 - (place + size_)) % slack_bytes;
    std::memmove(buffer_.data() + begin, buffer_.data() + begin_, size_);
    begin_ = begin;
  }
  const std::size_t n_read = source_->read_at(offset_of(size_), {end(), n_bytes});
  is_ended_ = n_read == 0;
  size_ += n_read;
  std::memset(end(), 0, slack_bytes);
  return !is_ended_;
}

}  // namespace rankwise::detail
