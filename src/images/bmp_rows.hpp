// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/error.hpp>

#include "images/bmp.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace rankwise::images {

/// The rows of a BMP image of any coding, decoded one after the other in the order of the file.
///
/// `Read` is called as read(offset, span of unsigned char), and fills the front of the span with
/// the file's bytes from that offset on; it returns how many there were, 0 at the end of the file.
///
/// Local. Source: the bitmap compression of the Windows API, for run lengths.
template <class Read>
class bmp_rows {
 public:
  bmp_rows(const bmp_layout& layout, std::string name, Read read)
      : layout_(&layout), name_(std::move(name)), read_(std::move(read)), at_(layout.pixels) {}

  /// The next row: layout.width colours, valid until the next call. There are layout.rows of them.
  ///
  /// Throws: config_error where the file ends before.
  std::span<const rgb> next() {
    if (layout_->is_run_length()) {
      row_.resize(layout_->width);
      decode_runs();
    } else {
      // Memory is taken for what is there, not for what the header claims.
      encoded_.clear();
      while (encoded_.size() < layout_->row_bytes) {
        require_byte();
        const std::size_t n =
            std::min<std::uint64_t>(layout_->row_bytes - encoded_.size(), filled_ - position_);
        const auto from = block_.begin() + static_cast<std::ptrdiff_t>(position_);
        encoded_.insert(encoded_.end(), from, from + static_cast<std::ptrdiff_t>(n));
        position_ += n;
      }
      row_.resize(layout_->width);
      // Of the last row the padding may be missing.
      if (++n_rows_ != layout_->rows) skip(layout_->row_stride - layout_->row_bytes);
      decode_row();
    }
    return row_;
  }

 private:
  using coding = bmp_layout::coding;

  static std::uint8_t to_8_bits(std::uint32_t pixel, std::uint32_t mask) {
    const std::uint32_t most = mask >> static_cast<unsigned>(std::countr_zero(mask));
    const std::uint64_t value = (pixel & mask) >> static_cast<unsigned>(std::countr_zero(mask));
    return static_cast<std::uint8_t>((value * 255 + most / 2) / most);
  }

  void decode_row() {
    const std::size_t pixel_bytes = layout_->bits / 8;
    for (std::size_t x = 0; x < row_.size(); ++x) {
      if (layout_->code == coding::indexed) {
        row_[x] = layout_->palette[index_at(x)];
        continue;
      }
      const unsigned char* const pixel = encoded_.data() + x * pixel_bytes;
      if (layout_->code == coding::bytes) {
        row_[x] = {pixel[2], pixel[1], pixel[0]};
        continue;
      }
      std::uint32_t whole = 0;
      for (std::size_t i = pixel_bytes; i-- > 0;) whole = whole << 8U | pixel[i];
      row_[x] = {to_8_bits(whole, layout_->masks[0]),
                 to_8_bits(whole, layout_->masks[1]),
                 to_8_bits(whole, layout_->masks[2])};
    }
  }

  /// The first pixel stands in the highest bits of its byte.
  std::size_t index_at(std::size_t x) const {
    const std::uint32_t bits = layout_->bits;
    const std::size_t per_byte = 8 / bits;
    const auto shift = static_cast<unsigned>(8 - bits * (x % per_byte + 1));
    return encoded_[x / per_byte] >> shift & ((1U << bits) - 1);
  }

  void put(std::size_t& x, std::uint8_t index) {
    // What reaches beyond the row is left out, as everywhere.
    if (x < row_.size()) row_[x] = layout_->palette[index];
    ++x;
  }

  /// One row of run lengths; pixels that none sets have the first colour.
  void decode_runs() {
    std::fill(row_.begin(), row_.end(), layout_->palette.front());
    if (is_over_) return;
    if (skipped_rows_ != 0 && --skipped_rows_ != 0) return;
    std::size_t x = std::exchange(column_, 0);
    for (;;) {
      const std::uint8_t count = next_byte();
      const std::uint8_t value = next_byte();
      if (count != 0) {
        for (std::uint8_t i = 0; i < count; ++i) put(x, nibble(value, i));
        continue;
      }
      if (value == 0) break;  // the end of the row
      if (value == 1) {       // of the image
        is_over_ = true;
        break;
      }
      if (value == 2) {  // on to the right, and up
        x += next_byte();
        skipped_rows_ = next_byte();
        if (skipped_rows_ == 0) continue;
        column_ = x;
        break;
      }
      copy_pixels(x, value);
    }
  }

  /// `count` pixels that stand there as they are, filled up to two bytes.
  void copy_pixels(std::size_t& x, std::uint8_t count) {
    const bool is_packed = layout_->code == coding::rle4;
    const std::size_t n_bytes = is_packed ? (std::size_t{count} + 1) / 2 : count;
    std::uint8_t byte = 0;
    for (std::uint8_t i = 0; i < count; ++i) {
      if (!is_packed || i % 2 == 0) byte = next_byte();
      put(x, nibble(byte, i));
    }
    if (n_bytes % 2 != 0) next_byte();
  }

  /// Of two pixels in a byte the one at an even place stands in the upper half.
  std::uint8_t nibble(std::uint8_t byte, std::uint8_t place) const {
    if (layout_->code == coding::rle8) return byte;
    return place % 2 == 0 ? static_cast<std::uint8_t>(byte >> 4U)
                          : static_cast<std::uint8_t>(byte & 0xfU);
  }

  std::uint8_t next_byte() {
    require_byte();
    return block_[position_++];
  }

  /// Sees that the block holds at least one byte more.
  void require_byte() {
    if (position_ == filled_) {
      filled_ = read_(at_, std::span(block_));
      position_ = 0;
      if (filled_ == 0) {
        throw config_error(
            fmt::format("{}: byte {}: found the end of the file, accepted: {} rows of pixels",
                        name_,
                        at_,
                        layout_->rows));
      }
      at_ += filled_;
    }
  }

  void skip(std::uint64_t n) {
    for (; n > 0; --n) next_byte();
  }

  const bmp_layout* layout_;
  std::string name_;
  Read read_;
  std::uint64_t at_;  // of the file, behind what is in the block
  std::array<unsigned char, 16384> block_{};
  std::size_t position_ = 0;
  std::size_t filled_ = 0;
  std::uint64_t n_rows_ = 0;
  std::vector<unsigned char> encoded_;
  std::vector<rgb> row_;
  std::size_t skipped_rows_ = 0;  // by a step up
  std::size_t column_ = 0;        // where it ends
  bool is_over_ = false;
};

}  // namespace rankwise::images
