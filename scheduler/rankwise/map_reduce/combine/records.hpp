// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/map_reduce/combine/packed_key.hpp>
#include <rankwise/map_reduce/combine/value_codec.hpp>
#include <rankwise/wire/buffer.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <utility>

namespace rankwise::combine {

/// Behind records stand that many bytes that mean nothing, so that a short key can be loaded in two
/// steps wherever it lies.
inline constexpr std::size_t record_slack = 16;

/// Keys and values in a row, as they travel, wait and lie on disk: the length of the key (one byte
/// up to 15; else 255 and a LEB128 number), the key, the value (see `value_codec`).
template <class Value>
class record_writer {
 public:
  /// Records go behind what `out` holds.
  explicit record_writer(wire::bytes out = {}) : out_(std::move(out)) {}

  std::size_t size() const { return out_.size(); }

  const wire::bytes& bytes() const { return out_; }

  /// Makes room for `n_bytes` in all.
  void reserve(std::size_t n_bytes) { out_.reserve(n_bytes + record_bytes_at_most); }

  void clear() { out_.clear(); }

  /// Adds a record whose key is held whole.
  void put(const packed_key& key, const Value& value) {
    if constexpr (slot_value<Value>) {
      const std::size_t size = out_.size();
      std::byte* const begin = wire::extend(out_, record_bytes_at_most);
      std::byte* const end = put_at(begin, key, value);
      out_.resize(size + static_cast<std::size_t>(end - begin));
    } else {
      const std::size_t size = out_.size();
      std::byte* const begin = wire::extend(out_, 1 + sizeof key);
      out_.resize(size + static_cast<std::size_t>(put_key(begin, key) - begin));
      put_value(value);
    }
  }

  /// Adds a record with any other key.
  void put(std::string_view key, const Value& value) {
    put_number(packed_key::long_tag, key.size());
    wire::append(out_, key.data(), key.size());
    put_value(value);
  }

  /// All records, and `record_slack`; nothing is left here.
  wire::bytes release() {
    std::memset(wire::extend(out_, record_slack), 0, record_slack);
    return std::exchange(out_, {});
  }

  /// Of a record whose key is held whole and whose value is a `slot_value`; so much may be written.
  static constexpr std::size_t record_bytes_at_most =
      1 + sizeof(packed_key) + value_codec<Value>::bytes_at_most;

  /// Writes such a record, and returns its end.
  static std::byte* put_at(std::byte* at, const packed_key& key, const Value& value) {
    return value_codec<Value>::put(put_key(at, key), value);
  }

 private:
  /// By reference all the way from where the key stands: one that comes in two registers would be
  /// stored in halves and loaded whole, which waits until both have left the core.
  static std::byte* put_key(std::byte* at, const packed_key& key) {
    *at++ = static_cast<std::byte>(key.size());
    std::memcpy(at, &key, sizeof key);
    return at + key.size();
  }

  void put_number(std::uint64_t tag, std::uint64_t number) {
    std::byte piece[1 + detail::varint_bytes];
    std::byte* at = piece;
    if (tag != 0) *at++ = static_cast<std::byte>(tag);
    at = detail::put_varint(at, number);
    wire::append(out_, piece, static_cast<std::size_t>(at - piece));
  }

  void put_value(const Value& value) {
    if constexpr (slot_value<Value>) {
      std::byte piece[value_codec<Value>::bytes_at_most];
      wire::append(
          out_, piece, static_cast<std::size_t>(value_codec<Value>::put(piece, value) - piece));
    } else {
      wire::bytes encoded;
      wire::encoder<Value>(encoded).put(value);
      put_number(0, encoded.size());
      wire::append(out_, encoded.data(), encoded.size());
    }
  }

  wire::bytes out_;
};

/// Reads what a `record_writer` wrote.
template <class Value>
class record_reader {
 public:
  /// `records` without the slack, which must stand behind them.
  explicit record_reader(std::span<const std::byte> records)
      : at_(records.data()), end_(records.data() + records.size()) {}

  bool at_end() const { return at_ == end_; }

  /// Bytes not read yet.
  std::size_t remaining() const { return static_cast<std::size_t>(end_ - at_); }

  /// The next record. A key that is held whole is `key`; of any other, `key` is empty and `text`
  /// points into the records.
  ///
  /// Throws: wire::decode_error where the bytes can't be records.
  [[gnu::always_inline]] void next(packed_key& key, std::string_view& text, Value& value) {
    const auto size = std::to_integer<std::size_t>(*at_++);
    if (fits_inline(size)) {
      if (size > remaining()) detail::refuse_record_bytes("a key in a record is cut short");
      key = pack_readable(reinterpret_cast<const char*>(at_), size);
      at_ += size;
    } else {
      if (size != packed_key::long_tag)
        detail::refuse_record_bytes("a record that begins with a byte that no record begins with");
      std::uint64_t n_bytes = 0;
      at_ = detail::get_varint(at_, end_, n_bytes);
      if (n_bytes > remaining()) detail::refuse_record_bytes("a key in a record is cut short");
      key = {};
      text = {reinterpret_cast<const char*>(at_), n_bytes};
      at_ += n_bytes;
    }
    at_ = value_codec<Value>::get(at_, end_, value);
  }

 private:
  const std::byte* at_;
  const std::byte* end_;
};

}  // namespace rankwise::combine
