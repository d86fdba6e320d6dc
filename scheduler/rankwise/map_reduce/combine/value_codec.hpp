// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/wire/buffer.hpp>
#include <rankwise/wire/codec.hpp>
#include <rankwise/wire/traits.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>

namespace rankwise::combine {

/// A value that a slot of a table holds as its bytes; any other is held beside the table.
template <class Value>
concept slot_value = wire::raw<Value> && std::is_trivially_copyable_v<Value> &&
                     std::is_default_constructible_v<Value> &&(sizeof(Value) <= 64) &&
                     (alignof(Value) <= alignof(std::max_align_t));

namespace detail {

inline constexpr std::size_t varint_bytes = 10;

/// Throws: wire::decode_error. Out of line, so that what reads records is small enough to stand
/// where it is used.
[[noreturn, gnu::cold, gnu::noinline]] inline void refuse_record_bytes(const char* what) {
  throw wire::decode_error(what);
}

/// LEB128: seven bits a byte, the lowest first.
inline std::byte* put_varint(std::byte* at, std::uint64_t value) {
  while (value >= 0x80U) {
    *at++ = static_cast<std::byte>(value | 0x80U);
    value >>= 7U;
  }
  *at++ = static_cast<std::byte>(value);
  return at;
}

/// Throws: wire::decode_error where the number does not end before `end`.
inline const std::byte* get_varint(const std::byte* at,
                                   const std::byte* end,
                                   std::uint64_t& value) {
  if (at != end && std::to_integer<std::uint64_t>(*at) < 0x80U) {  // mostly
    value = std::to_integer<std::uint64_t>(*at);
    return at + 1;
  }
  value = 0;
  for (unsigned shift = 0; at != end && shift < 64; shift += 7) {
    const auto byte = std::to_integer<std::uint64_t>(*at++);
    value |= (byte & 0x7fU) << shift;
    if (byte < 0x80U) return at;
  }
  refuse_record_bytes("a number in a record does not end");
}

}  // namespace detail

/// How a value stands in a record: unsigned integers at their length (counts are mostly small),
/// other plain data as their bytes, anything else as it travels, behind its length.
template <class Value>
struct value_codec {
  static constexpr bool is_varint = std::unsigned_integral<Value> && sizeof(Value) > 1;

  /// Of a `slot_value` at most.
  static constexpr std::size_t bytes_at_most = is_varint ? detail::varint_bytes : sizeof(Value);

  static std::byte* put(std::byte* at, const Value& value) {
    if constexpr (is_varint) {
      return detail::put_varint(at, value);
    } else {
      std::memcpy(at, &value, sizeof value);
      return at + sizeof value;
    }
  }

  static const std::byte* get(const std::byte* at, const std::byte* end, Value& value) {
    if constexpr (is_varint) {
      std::uint64_t number = 0;
      at = detail::get_varint(at, end, number);
      value = static_cast<Value>(number);
      return at;
    } else if constexpr (slot_value<Value>) {
      if (static_cast<std::size_t>(end - at) < sizeof value)
        detail::refuse_record_bytes("a value in a record is cut short");
      std::memcpy(&value, at, sizeof value);
      return at + sizeof value;
    } else {
      std::uint64_t n_bytes = 0;
      at = detail::get_varint(at, end, n_bytes);
      if (n_bytes > static_cast<std::size_t>(end - at))
        detail::refuse_record_bytes("a value in a record is cut short");
      value = wire::decoder<Value>(std::span(at, n_bytes)).get();
      return at + n_bytes;
    }
  }
};

}  // namespace rankwise::combine
