// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <memory>
#include <new>
#include <span>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

namespace rankwise::wire {

/// Bytes from another rank (or from a file) that are not what they should be.
class decode_error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// What travels: a run of bytes that grows at its end.
///
/// Not a std::vector: that clears new bytes, which the receive of 3 GiB would write a second time,
/// and moves them one by one where it grows with an allocator that does not; `std::realloc` lets
/// the system move whole pages.
class bytes {
 public:
  using value_type = std::byte;
  using iterator = std::byte*;
  using const_iterator = const std::byte*;

  bytes() noexcept = default;

  /// Uninitialised.
  explicit bytes(std::size_t n) { resize(n); }

  bytes(std::size_t n, std::byte value) { resize(n, value); }

  template <std::contiguous_iterator Iterator>
  bytes(Iterator first, Iterator last) {
    assign(first, last);
  }

  bytes(const bytes& other) : bytes(other.begin(), other.end()) {}

  bytes(bytes&& other) noexcept
      : place_(std::move(other.place_)),
        size_(std::exchange(other.size_, 0)),
        capacity_(std::exchange(other.capacity_, 0)) {}

  bytes& operator=(const bytes& other) {
    if (this != &other) assign(other.begin(), other.end());
    return *this;
  }

  bytes& operator=(bytes&& other) noexcept {
    place_ = std::move(other.place_);
    size_ = std::exchange(other.size_, 0);
    capacity_ = std::exchange(other.capacity_, 0);
    return *this;
  }

  ~bytes() = default;

  std::byte* data() noexcept { return place_.get(); }

  const std::byte* data() const noexcept { return place_.get(); }

  std::size_t size() const noexcept { return size_; }

  std::size_t capacity() const noexcept { return capacity_; }

  bool empty() const noexcept { return size_ == 0; }

  iterator begin() noexcept { return data(); }

  iterator end() noexcept { return data() + size_; }

  const_iterator begin() const noexcept { return data(); }

  const_iterator end() const noexcept { return data() + size_; }

  std::byte& operator[](std::size_t index) noexcept { return data()[index]; }

  const std::byte& operator[](std::size_t index) const noexcept { return data()[index]; }

  /// Room for `n` bytes in all; exactly, where that is more than there is.
  void reserve(std::size_t n) {
    if (n <= capacity_) return;
    void* const grown = std::realloc(place_.get(), n);
    if (grown == nullptr) throw std::bad_alloc();
    (void)place_.release();  // realloc has taken it over
    place_.reset(static_cast<std::byte*>(grown));
    capacity_ = n;
  }

  /// New bytes are uninitialised.
  void resize(std::size_t n) {
    reserve(n);
    size_ = n;
  }

  /// New bytes are `value`.
  void resize(std::size_t n, std::byte value) {
    const std::size_t old_size = size_;
    resize(n);
    if (n > old_size) std::memset(data() + old_size, std::to_integer<int>(value), n - old_size);
  }

  template <std::contiguous_iterator Iterator>
  void assign(Iterator first, Iterator last) {
    static_assert(std::is_same_v<std::iter_value_t<Iterator>, std::byte>);
    const auto n = static_cast<std::size_t>(last - first);
    resize(n);
    if (n != 0) std::memcpy(data(), std::to_address(first), n);
  }

  /// Empty; the memory stays.
  void clear() noexcept { size_ = 0; }

 private:
  struct free_memory {
    void operator()(std::byte* place) const noexcept { std::free(place); }
  };

  std::unique_ptr<std::byte, free_memory> place_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

/// Makes room for `n_bytes` more at the end of `out`, and returns where they begin.
///
/// Small appends grow the buffer by a half; a large one gets what it needs and some room for a
/// trailer, because half as much again as 3 GiB may be more than a small machine has.
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
    if (n_bytes > remaining()) refuse_short(n_bytes);
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
    if (count > remaining() / bytes_each) refuse_count(count);
    return static_cast<std::size_t>(count);
  }

 private:
  // Apart, so that what reads a message is short enough to be inlined.
  [[noreturn, gnu::cold, gnu::noinline]] void refuse_short(std::size_t n_bytes) const {
    throw decode_error("message cut short: " + std::to_string(n_bytes) +
                       " more bytes expected at byte " + std::to_string(position_) + ", " +
                       std::to_string(remaining()) + " left");
  }

  [[noreturn, gnu::cold, gnu::noinline]] void refuse_count(std::uint64_t count) const {
    throw decode_error("message with an impossible length: " + std::to_string(count) +
                       " elements announced at byte " + std::to_string(position_) + ", " +
                       std::to_string(remaining()) + " bytes left");
  }

  std::span<const std::byte> source_;
  std::size_t position_ = 0;
};

}  // namespace rankwise::wire
