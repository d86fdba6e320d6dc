// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace rankwise::wire {

/// Bytes from another rank (or from a file) that are not what they should be.
class decode_error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// An allocator whose containers leave new elements uninitialised where `std::allocator` would
/// write zeros: a receive buffer of 3 GiB is written once, by the receive.
template <class T>
class default_init_allocator : public std::allocator<T> {
 public:
  template <class Other>
  struct rebind {
    using other = default_init_allocator<Other>;
  };

  default_init_allocator() noexcept = default;

  template <class Other>
  explicit default_init_allocator(const default_init_allocator<Other>&) noexcept {}

  template <class Element>
  void construct(Element* place) noexcept(std::is_nothrow_default_constructible_v<Element>) {
    ::new (static_cast<void*>(place)) Element;
  }

  template <class Element, class... Args>
  void construct(Element* place, Args&&... args) {
    ::new (static_cast<void*>(place)) Element(std::forward<Args>(args)...);
  }
};

/// What travels. `resize` does not clear the new bytes.
using bytes = std::vector<std::byte, default_init_allocator<std::byte>>;

/// Makes room for `n_bytes` more at the end of `out`, and returns where they begin.
///
/// Small appends grow the buffer by a half; a large one gets what it needs and some room for a
/// trailer, because doubling a buffer of 3 GiB would take memory that a small machine does not
/// have.
inline std::byte* extend(bytes& out, std::size_t n_bytes) {
  constexpr std::size_t large = std::size_t{1} << 20U;
  constexpr std::size_t trailer = 4096;
  const std::size_t old_size = out.size();
  const std::size_t needed = old_size + n_bytes;
  if (needed > out.capacity()) {
    out.reserve(n_bytes >= large ? needed + trailer
                                 : std::max(needed, old_size + old_size / 2 + 64));
  }
  out.resize(needed);
  return out.data() + old_size;
}

/// Appends `n_bytes` bytes from `source`.
inline void append(bytes& out, const void* source, std::size_t n_bytes) {
  if (n_bytes != 0) std::memcpy(extend(out, n_bytes), source, n_bytes);
}

/// Appends the object representation of `value`.
template <class T>
  requires std::is_trivially_copyable_v<T>

void append_value(bytes& out, const T& value) {
  append(out, std::addressof(value), sizeof(T));
}

/// Reads a span of bytes from front to back; every step is checked.
class reader {
 public:
  explicit reader(std::span<const std::byte> source) noexcept : source_(source) {}

  /// Bytes not read yet.
  std::size_t remaining() const noexcept { return source_.size() - position_; }

  /// Bytes read so far.
  std::size_t position() const noexcept { return position_; }

  /// The next `n_bytes` bytes.
  ///
  /// Throws: decode_error if fewer are left.
  std::span<const std::byte> take(std::size_t n_bytes) {
    if (n_bytes > remaining()) {
      throw decode_error("message cut short: " + std::to_string(n_bytes) +
                         " more bytes expected at byte " + std::to_string(position_) + ", " +
                         std::to_string(remaining()) + " left");
    }
    const std::span<const std::byte> taken = source_.subspan(position_, n_bytes);
    position_ += n_bytes;
    return taken;
  }

  /// Copies the next `n_bytes` bytes to `target`.
  void copy_to(void* target, std::size_t n_bytes) {
    const std::span<const std::byte> taken = take(n_bytes);
    if (n_bytes != 0) std::memcpy(target, taken.data(), n_bytes);
  }

  /// The next `sizeof(T)` bytes as a `T`.
  template <class T>

    requires std::is_trivially_copyable_v<T> && std::is_default_constructible_v<T> T take_value() {
      T value;
      copy_to(std::addressof(value), sizeof(T));
      return value;
    }

  /// A count of things that take at least `bytes_each` bytes each, so that no memory is taken for a
  /// count that the bytes left can't back.
  std::size_t take_count(std::size_t bytes_each) {
    const auto count = take_value<std::uint64_t>();
    if (count > remaining() / bytes_each) {
      throw decode_error("message with an impossible length: " + std::to_string(count) +
                         " elements announced at byte " + std::to_string(position_) + ", " +
                         std::to_string(remaining()) + " bytes left");
    }
    return static_cast<std::size_t>(count);
  }

 private:
  std::span<const std::byte> source_;
  std::size_t position_ = 0;
};

}  // namespace rankwise::wire
