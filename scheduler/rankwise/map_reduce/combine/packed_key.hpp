// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace rankwise::combine {

static_assert(std::endian::native == std::endian::little,
              "rankwise: map_reduce packs keys as a little-endian machine loads them");

/// A key as tables hold it. One of 1 to 15 bytes is held whole: the bytes, padded with zeros, and
/// their number in the last byte. Any other key has `long_tag` there, its hash in `low` and its
/// place in the table's arena in the rest of `high`. All zero: no key.
struct packed_key {
  static constexpr std::size_t inline_bytes = 15;
  static constexpr std::uint64_t long_tag = 255;

  std::uint64_t low = 0;
  std::uint64_t high = 0;

  static constexpr packed_key of_long(std::uint64_t hash, std::uint64_t place) {
    return {hash, place | long_tag << 56U};
  }

  constexpr bool is_empty() const { return high == 0; }

  constexpr bool is_long() const { return high >> 56U == long_tag; }

  /// Of a key that is held whole.
  constexpr std::size_t size() const { return high >> 56U; }

  /// Of a long one.
  constexpr std::uint64_t place() const { return high & ((std::uint64_t{1} << 56U) - 1); }

  /// The bytes of a key that is held whole; they live as long as it does.
  std::string_view text() const { return {reinterpret_cast<const char*>(this), size()}; }

  constexpr bool operator==(const packed_key&) const = default;
};

static_assert(sizeof(packed_key) == 16);

/// Whether a key of `n_bytes` bytes is held whole.
constexpr bool fits_inline(std::size_t n_bytes) {
  return n_bytes - 1 < packed_key::inline_bytes;
}

namespace detail {

inline std::uint64_t load_8(const char* text) {
  std::uint64_t value = 0;
  std::memcpy(&value, text, sizeof value);
  return value;
}

inline std::uint64_t load_4(const char* text) {
  std::uint32_t value = 0;
  std::memcpy(&value, text, sizeof value);
  return value;
}

/// What a key of n bytes keeps of 16 that were loaded.
inline constexpr std::array<packed_key, 16> key_masks = [] {
  std::array<packed_key, 16> masks{};
  for (std::size_t n = 1; n < masks.size(); ++n) {
    const auto bits = [](std::size_t n_bytes) {
      return n_bytes >= 8 ? ~std::uint64_t{0} : (std::uint64_t{1} << (8 * n_bytes)) - 1;
    };
    masks[n] = {bits(n), n > 8 ? bits(n - 8) : 0};
  }
  return masks;
}();

}  // namespace detail

/// Packs `n_bytes` (1 to 15) bytes at `text`, where 16 can be read.
inline packed_key pack_readable(const char* text, std::size_t n_bytes) {
  const packed_key mask = detail::key_masks[n_bytes];
  return {detail::load_8(text) & mask.low,
          (detail::load_8(text + 8) & mask.high) | std::uint64_t{n_bytes} << 56U};
}

/// Packs `text`, of 1 to 15 bytes, and reads no byte more.
inline packed_key pack(std::string_view text) {
  const std::size_t n = text.size();
  packed_key key{0, std::uint64_t{n} << 56U};
  if (n > 8) {
    key.low = detail::load_8(text.data());
    key.high |= detail::load_8(text.data() + n - 8) >> (8 * (16 - n));
  } else if (n >= 4) {
    key.low = detail::load_4(text.data()) | detail::load_4(text.data() + n - 4) << (8 * (n - 4));
  } else {
    const auto byte = [&](std::size_t index) {
      return std::uint64_t{static_cast<unsigned char>(text[index])};
    };
    key.low = byte(0) | byte(n / 2) << (8 * (n / 2)) | byte(n - 1) << (8 * (n - 1));
  }
  return key;
}

}  // namespace rankwise::combine
