// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/wire/buffer.hpp>
#include <rankwise/wire/raw_bytes.hpp>
#include <rankwise/wire/sendable.hpp>
#include <rankwise/wire/traits.hpp>

#include <boost/mpl/bool.hpp>
#include <boost/serialization/collection_size_type.hpp>
#include <boost/serialization/item_version_type.hpp>
#include <boost/serialization/library_version_type.hpp>
#include <boost/serialization/nvp.hpp>
#include <boost/serialization/serialization.hpp>
#include <boost/serialization/split_free.hpp>    // IWYU pragma: export
#include <boost/serialization/split_member.hpp>  // IWYU pragma: export
#include <boost/serialization/version.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <type_traits>

namespace rankwise::wire {

/// How a standard type that Boost 1.74 has no `serialize` for is written and read; specialised in
/// serialization.hpp.
template <class T>
struct supplement;

namespace detail {

// The library version that Boost's container functions ask for: any recent one, for both sides are
// one program.
inline constexpr unsigned int boost_library_version = 18;

template <class T>
concept supplemented = requires {
  sizeof(supplement<T>);
};

}  // namespace detail

/// Writes values to the end of a buffer, as an archive in Boost.Serialization's sense (`archive <<
/// a`, `archive & a`), so that a type's `serialize` works on it.
///
/// Not one of Boost's own archives: those remember objects by address, and two results made one
/// after the other at the same address would count as one; they also write class names and
/// versions, which a program that talks to itself knows. Every value takes at least one byte, so
/// that a count can be checked against the bytes left before memory is taken.
class output_archive {
 public:
  using is_saving = boost::mpl::bool_<true>;
  using is_loading = boost::mpl::bool_<false>;

  explicit output_archive(bytes& out) noexcept : out_(&out) {}

  template <class T>
  output_archive& operator<<(const T& value) {
    save(value);
    return *this;
  }

  template <class T>
  output_archive& operator&(const T& value) {
    return *this << value;
  }

  /// Writes `n_bytes` bytes as they are.
  void save_binary(const void* source, std::size_t n_bytes) { append(*out_, source, n_bytes); }

  /// For `serialize` functions that name derived classes: only pointers would need it, and they
  /// can't travel.
  template <class T>
  void register_type(const T* /*null*/ = nullptr) const noexcept {}

  boost::serialization::library_version_type get_library_version() const {
    return boost::serialization::library_version_type(detail::boost_library_version);
  }

 private:
  template <class T>
  void save(const boost::serialization::nvp<T>& named) {
    save(named.const_value());
  }

  void save(const boost::serialization::collection_size_type& count) { save(std::uint64_t{count}); }

  // Both sides are one program, and have one version.
  void save(const boost::serialization::item_version_type& /*version*/) noexcept {}

  template <class T>
  void save(const T& value) {
    if constexpr (!require_sendable<T>()) {
      // the compiler has said why
    } else if constexpr (raw<T>) {
      append_raw(*out_, std::addressof(value), 1);
    } else if constexpr (raw_sequence<T>) {
      save(std::uint64_t{value.size()});
      append_raw(*out_, value.data(), value.size());
    } else if constexpr (std::is_array_v<T>) {
      for (const auto& element : value) save(element);
    } else {
      const std::size_t before = out_->size();
      save_object(value);
      if (out_->size() == before) append_value(*out_, std::byte{0});
    }
  }

  template <class T>
  void save_object(const T& value) {
    if constexpr (detail::supplemented<T>) {
      supplement<T>::save(*this, value);
    } else if constexpr (has_serialize<T>) {
      // `serialize` takes a value that it may change because one function serves both directions.
      boost::serialization::serialize_adl(
          *this, const_cast<T&>(value), boost::serialization::version<T>::value);
    } else {
      visit_fields(value, [this](const auto&... field) { (this->save(field), ...); });
    }
  }

  bytes* out_;
};

/// Reads what an `output_archive` wrote.
///
/// Throws: decode_error where the bytes can't be such values.
class input_archive {
 public:
  using is_saving = boost::mpl::bool_<false>;
  using is_loading = boost::mpl::bool_<true>;

  explicit input_archive(std::span<const std::byte> source) noexcept : source_(source) {}

  template <class T>
  input_archive& operator>>(T&& value) {
    // Boost's wrappers (nvp, array_wrapper) come as const temporaries.
    load(const_cast<std::remove_cvref_t<T>&>(value));
    return *this;
  }

  template <class T>
  input_archive& operator&(T&& value) {
    return *this >> value;
  }

  /// Reads `n_bytes` bytes as they are.
  void load_binary(void* target, std::size_t n_bytes) { source_.copy_to(target, n_bytes); }

  template <class T>
  void register_type(const T* /*null*/ = nullptr) const noexcept {}

  /// Boost's containers tell where an element has moved to; nothing here remembers addresses.
  void reset_object_address(const void* /*now*/, const void* /*before*/) const noexcept {}

  boost::serialization::library_version_type get_library_version() const {
    return boost::serialization::library_version_type(detail::boost_library_version);
  }

  /// Where reading stands.
  const reader& source() const noexcept { return source_; }

 private:
  template <class T>
  void load(boost::serialization::nvp<T>& named) {
    load(named.value());
  }

  void load(boost::serialization::collection_size_type& count) {
    count = boost::serialization::collection_size_type(source_.take_count(1));
  }

  void load(boost::serialization::item_version_type& /*version*/) noexcept {}

  template <class T>
  void load(T& value) {
    if constexpr (!require_sendable<T>()) {
      // the compiler has said why
    } else if constexpr (std::is_same_v<T, bool>) {
      const auto byte = source_.take_value<unsigned char>();
      if (byte > 1) throw decode_error("message with an impossible bool: " + std::to_string(byte));
      value = byte != 0;
    } else if constexpr (raw<T>) {
      source_.copy_to(std::addressof(value), sizeof(T));
    } else if constexpr (raw_sequence<T>) {
      load_sequence(value);
    } else if constexpr (std::is_array_v<T>) {
      for (auto& element : value) load(element);
    } else {
      const std::size_t before = source_.position();
      load_object(value);
      if (source_.position() == before) source_.take(1);
    }
  }

  template <class T>
  void load_sequence(T& value) {
    using element = typename T::value_type;
    const std::size_t count = source_.take_count(sizeof(element));
    const std::byte* const place = source_.take(count * sizeof(element)).data();
    if (reinterpret_cast<std::uintptr_t>(place) % alignof(element) == 0) {
      // One pass: `resize` would write zeros first, which doubles the time of a large one.
      const auto* const first = reinterpret_cast<const element*>(place);
      value.assign(first, first + count);
      return;
    }
    value.clear();
    value.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
      element one;
      std::memcpy(
          static_cast<void*>(std::addressof(one)), place + i * sizeof(element), sizeof(element));
      value.push_back(one);
    }
  }

  template <class T>
  void load_object(T& value) {
    if constexpr (detail::supplemented<T>) {
      supplement<T>::load(*this, value);
    } else if constexpr (has_serialize<T>) {
      boost::serialization::serialize_adl(*this, value, boost::serialization::version<T>::value);
    } else {
      visit_fields(value, [this](auto&... field) { (this->load(field), ...); });
    }
  }

  reader source_;
};

}  // namespace rankwise::wire
