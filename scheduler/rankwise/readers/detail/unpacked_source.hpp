// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/readers/byte_source.hpp>
#include <rankwise/readers/detail/packing.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unistd.h>
#include <utility>
#include <vector>

namespace rankwise::detail {

/// What a decoder has come to.
struct unpacked_step {
  bool is_ended = false;   ///< the member ends with what was taken
  std::string wrong = {};  ///< with the packed bytes; empty: nothing
};

inline std::string damaged(packing packed, std::string_view wrong) {
  return fmt::format("damaged {} data: {}", name_of(packed), wrong);
}

/// How many bytes of what was unpacked a decoder may keep to refer to, on a machine with so much
/// memory: half of it, at most 2 GiB, which is as far as zstd's own tool goes.
inline std::uint64_t largest_window_bytes(std::uint64_t machine_bytes) {
  constexpr std::uint64_t least = std::uint64_t{8} << 20U;  // what every reader of zstd is to take
  constexpr std::uint64_t most = std::uint64_t{2} << 30U;
  return std::bit_floor(std::clamp(machine_bytes / 2, least, most));
}

/// The same for this machine.
inline std::uint64_t largest_window_bytes() {
  const long n_pages = ::sysconf(_SC_PHYS_PAGES);
  const long page_bytes = ::sysconf(_SC_PAGESIZE);
  if (n_pages <= 0 || page_bytes <= 0) return std::uint64_t{128} << 20U;
  return largest_window_bytes(static_cast<std::uint64_t>(n_pages) *
                              static_cast<std::uint64_t>(page_bytes));
}

/// What a source of packed bytes holds, unpacked by a `Decoder`, one stretch after the other: of
/// one member (a gzip member, a zstd frame, a bzip2 or xz stream) or several. Zeros behind a member
/// are padding, as tapes and disks have it; anything else that is no member is refused.
///
/// A Decoder has a `packed`, how the bytes are packed, and
/// - `void begin()`, which is called before each member;
/// - `unpacked_step unpack(std::span<const char>& packed, std::span<char>& target)`, which unpacks
///   some bytes, and takes those that it used off the front of both.
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
      if (is_between_ && !begin_member()) break;
      const bool is_cut = packed_.empty() && !fill(1);
      const std::size_t n_free = free.size();
      const unpacked_step step = decoder_.unpack(packed_, free);
      if (!step.wrong.empty()) refuse(step.wrong);
      is_between_ = step.is_ended;
      // Without packed bytes a decoder may still hold some that the last target had no room for.
      if (is_cut && free.size() == n_free && !is_between_) refuse_cut();
    }
    const std::size_t n_read = target.size() - free.size();
    offset_ += n_read;
    return n_read;
  }

  const std::string& name() const override { return source_->name(); }

 private:
  static constexpr std::size_t buffer_bytes = std::size_t{128} << 10U;

  /// Goes behind zeros to the next member. False at the end of the data.
  bool begin_member() {
    const bool is_first = n_members_ == 0;
    while (!is_first && (!packed_.empty() || fill(1))) {
      const auto is_byte = [](char byte) { return byte != 0; };
      const auto next = std::find_if(packed_.begin(), packed_.end(), is_byte);
      packed_ = packed_.subspan(static_cast<std::size_t>(next - packed_.begin()));
      if (!packed_.empty()) break;
    }
    fill(packing_signature_bytes);
    if (packed_.empty() && is_first) refuse_cut();
    if (packed_.empty()) return false;
    const std::string_view beginning(packed_.data(),
                                     std::min(packed_.size(), packing_signature_bytes));
    if (!can_begin(Decoder::packed, beginning)) refuse_beginning(beginning.substr(0, 4));
    decoder_.begin();
    ++n_members_;
    is_between_ = false;
    return true;
  }

  /// Reads until there are `wanted` packed bytes. False where the data end before.
  bool fill(std::size_t wanted) {
    std::size_t n = packed_.size();
    if (n >= wanted) return true;
    if (n != 0) std::memmove(buffer_.data(), packed_.data(), n);
    while (n < wanted) {
      const std::size_t n_read = source_->read_at(packed_offset_, std::span(buffer_).subspan(n));
      if (n_read == 0) break;
      n += n_read;
      packed_offset_ += n_read;
    }
    packed_ = std::span(buffer_).first(n);
    return n >= wanted;
  }

  [[noreturn]] void refuse(const std::string& wrong) const {
    throw input_error(name(), packed_offset_ - packed_.size(), wrong);
  }

  [[noreturn]] void refuse_cut() const {
    refuse(damaged(Decoder::packed, "the file ends in the middle of them"));
  }

  [[noreturn]] void refuse_beginning(std::string_view beginning) const {
    std::string found;
    for (const char byte : beginning)
      found += fmt::format("{}{:02x}", found.empty() ? "" : " ", static_cast<unsigned char>(byte));
    refuse(n_members_ == 0 ? fmt::format("found {}, with which no {} data begin, where the file's "
                                         "name says that it is packed so",
                                         found,
                                         name_of(Decoder::packed))
                           : fmt::format("found {} behind the end of {} data, accepted: more of "
                                         "them, zeros, or the end of the file",
                                         found,
                                         name_of(Decoder::packed)));
  }

  std::unique_ptr<byte_source> source_;
  Decoder decoder_;
  std::vector<char> buffer_;
  std::span<const char> packed_;     // what is left of the buffer
  std::uint64_t packed_offset_ = 0;  // one past `packed_`
  std::uint64_t offset_ = 0;
  std::uint64_t n_members_ = 0;  // so far
  bool is_between_ = true;       // the bytes so far are whole members
};

}  // namespace rankwise::detail
