// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/read/byte_source.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace rankwise::detail {

/// What a source of packed bytes holds, unpacked by a `Decoder`, one stretch after the other.
///
/// A Decoder has a `format`, and
/// - `const char* unpack(std::span<const char>& packed, std::span<char>& target)`, which unpacks
///   some bytes, takes those that it used off the front of both, and returns what is wrong with the
///   packed ones, or null;
/// - `bool is_between()`: whether the bytes so far are whole members (gzip) or frames (zstd).
template <class Decoder>
class unpacked_source final : public byte_source {
 public:
  explicit unpacked_source(std::unique_ptr<byte_source> packed_bytes)
      : source_(std::move(packed_bytes)), buffer_(buffer_bytes) {}

  /// Throws: std::logic_error where `offset` is not where the last read ended.
  std::size_t read_at(std::uint64_t offset, std::span<char> target) override {
    if (offset != offset_) throw std::logic_error(name() + ": packed data are read in one pass");
    std::span<char> free = target;
    while (!free.empty()) {
      const bool is_ended = packed_.empty() && !read_packed();
      if (is_ended && decoder_.is_between()) break;
      const std::size_t n_free = free.size();
      if (const char* const wrong = decoder_.unpack(packed_, free)) throw damage(wrong);
      // Without packed bytes a decoder may still hold some that the last target had no room for.
      if (is_ended && free.size() == n_free && !decoder_.is_between())
        throw damage("the file ends in the middle of them");
    }
    const std::size_t n_read = target.size() - free.size();
    offset_ += n_read;
    return n_read;
  }

  const std::string& name() const override { return source_->name(); }

 private:
  static constexpr std::size_t buffer_bytes = std::size_t{128} << 10U;

  bool read_packed() {
    packed_ = std::span(buffer_).first(source_->read_at(packed_offset_, buffer_));
    packed_offset_ += packed_.size();
    return !packed_.empty();
  }

  config_error damage(const char* wrong) const {
    return input_error(name(),
                       packed_offset_ - packed_.size(),
                       std::string("damaged ") + Decoder::format + " data: " + wrong);
  }

  std::unique_ptr<byte_source> source_;
  Decoder decoder_;
  std::vector<char> buffer_;
  std::span<const char> packed_;     // what is left of the buffer
  std::uint64_t packed_offset_ = 0;  // one past `packed_`
  std::uint64_t offset_ = 0;
};

}  // namespace rankwise::detail
