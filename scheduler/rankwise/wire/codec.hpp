// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/wire/archive.hpp>
#include <rankwise/wire/buffer.hpp>
#include <rankwise/wire/raw_bytes.hpp>
#include <rankwise/wire/sendable.hpp>
#include <rankwise/wire/serialization.hpp>
#include <rankwise/wire/traits.hpp>

#include <array>
#include <bit>
#include <cstddef>
#include <exception>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <type_traits>

namespace rankwise::wire {

/// Writes values of one type to the end of a buffer.
///
/// Raw values go as their bytes, sequences of raw values as a length and their bytes, everything
/// else part by part. What `out` held before stays.
template <class T>
class encoder {
 public:
  explicit encoder(bytes& out) noexcept : out_(&out) { static_cast<void>(require_sendable<T>()); }

  void put(const T& value) { output_archive(*out_) << value; }

  /// As `put` for each of `values`; a single copy where they are raw.
  void put_all(std::span<const T> values) {
    if constexpr (raw<T>) {
      append_raw(*out_, values.data(), values.size());
    } else {
      for (const T& value : values) put(value);
    }
  }

 private:
  bytes* out_;
};

/// Reads the values that an `encoder` of the same type wrote.
///
/// Throws: decode_error where the bytes can't be such values; never reads past `source`, and takes
/// no memory for lengths that the bytes left can't back.
template <class T>
class decoder {
 public:
  explicit decoder(std::span<const std::byte> source) noexcept : archive_(source) {
    static_cast<void>(require_sendable<T>());
  }

  /// The next value.
  T get() {
    if constexpr (std::is_default_constructible_v<T>) {
      T value{};
      get_into(value);
      return value;
    } else {  // T is raw
      alignas(T) std::array<std::byte, sizeof(T)> place;
      archive_.load_binary(place.data(), sizeof(T));
      return std::bit_cast<T>(place);
    }
  }

  /// The next value, into one that is there already: its memory is used again.
  void get_into(T& value) {
    checked([&] { archive_ >> value; });
  }

  /// The next `values.size()` values; a single copy where they are raw.
  void get_all(std::span<T> values) {
    if constexpr (raw<T> && !std::is_same_v<T, bool>) {
      archive_.load_binary(values.data(), values.size_bytes());
    } else {
      checked([&] {
        for (T& value : values) archive_ >> value;
      });
    }
  }

  /// Bytes not read yet.
  std::size_t remaining() const noexcept { return archive_.source().remaining(); }

  /// Whether all bytes have been read.
  bool exhausted() const noexcept { return remaining() == 0; }

 private:
  // Whatever a `serialize` function throws at bytes that it can't make sense of, the caller learns
  // one thing.
  template <class Step>
  static void checked(Step&& step) {
    try {
      step();
    } catch (const decode_error&) {
      throw;
    } catch (const std::bad_alloc&) {
      throw;
    } catch (const std::exception& error) {
      throw decode_error(std::string("message that can't be decoded: ") + error.what());
    }
  }

  input_archive archive_;
};

/// The bytes that `values` would put, without making a copy: to send a large sequence from where it
/// lies.
///
/// They are what follows the 64-bit length that `encoder` writes for a sequence.
template <raw_sequence T>
std::span<const std::byte> raw_view(const T& values) {
  return std::as_bytes(std::span(values.data(), values.size()));
}

}  // namespace rankwise::wire
