// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/sharing/segment.hpp>
#include <rankwise/wire/buffer.hpp>
#include <rankwise/wire/codec.hpp>
#include <rankwise/wire/sendable.hpp>
#include <rankwise/wire/traits.hpp>

#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace rankwise::sharing {

/// How a shared value is kept and travels: as what it is, encoded for other ranks.
template <class Value>
struct shared_form {
  static constexpr bool is_raw = false;
  using stored = Value;
  using given = const Value&;

  template <class From>
  static stored store(From&& value) {
    return stored(std::forward<From>(value));
  }

  static given give(const stored& value) { return value; }

  static wire::bytes encode(const stored& value) {
    wire::bytes out;
    wire::encoder<Value>(out).put(value);
    return out;
  }

  static Value read(std::span<const std::byte> bytes) { return wire::decoder<Value>(bytes).get(); }
};

/// Elements side by side at the root, and what owns them.
template <class Element>
struct owned_elements {
  std::shared_ptr<const void> owner;
  std::span<const Element> elements;

  /// Takes over the elements of a container, without a copy if it is moved from; copies others.
  template <class Range>
  static owned_elements from(Range&& range) {
    using type = std::remove_cvref_t<Range>;
    constexpr bool is_container = wire::raw_sequence<type> || std::is_same_v<type, wire::bytes>;
    using container = std::conditional_t<is_container, type, std::vector<Element>>;
    const auto owner = [&] {
      if constexpr (is_container) {
        return std::make_shared<const container>(std::forward<Range>(range));
      } else {
        return std::make_shared<const container>(range.begin(), range.end());
      }
    }();
    return {owner, {owner->data(), owner->size()}};
  }

  /// The same elements in a segment.
  static owned_elements in(segment made, std::span<const Element> elements) {
    std::memcpy(made.data(), elements.data(), elements.size_bytes());
    const auto owner = std::make_shared<const segment>(std::move(made));
    return {owner, {reinterpret_cast<const Element*>(owner->data()), elements.size()}};
  }

  std::span<const std::byte> bytes() const { return std::as_bytes(elements); }
};

/// Plain data side by side: tasks of each rank look at it where it arrives.
template <class Element>
struct shared_form<std::span<const Element>> {
  static_assert(alignof(Element) <= alignof(std::max_align_t));

  static constexpr bool is_raw = true;
  using stored = owned_elements<Element>;
  using given = std::span<const Element>;

  template <class Range>
  static given view(const Range& range) {
    return given(range.data(), range.size());
  }

  template <class Range>
  static stored store(Range&& range) {
    return stored::from(std::forward<Range>(range));
  }

  static given give(const stored& value) { return value.elements; }

  static given read(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const Element*>(bytes.data()), bytes.size() / sizeof(Element)};
  }
};

template <>
struct shared_form<std::string_view> {
  static constexpr bool is_raw = true;
  using stored = owned_elements<char>;
  using given = std::string_view;

  static std::span<const char> view(given text) { return text; }

  template <class Text>
  static stored store(Text&& text) {
    return stored::from(std::string(std::forward<Text>(text)));
  }

  static given give(const stored& value) { return {value.elements.data(), value.elements.size()}; }

  static given read(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
};

/// Whether values of `Value` can be shared; where not, the compiler says why.
template <class Value>
consteval bool require_shareable() {
  if constexpr (shared_form<Value>::is_raw) {
    return true;
  } else if constexpr (!wire::require_sendable<Value>()) {
    return false;
  } else {
    return wire::require_default<Value>();
  }
}

/// What tasks are given of a shared value.
template <class Value>
using given_value = typename shared_form<Value>::given;

namespace detail {

template <class Value>
struct shared_type {
  using type = Value;
};

template <wire::raw_sequence Sequence>
struct shared_type<Sequence> {
  using type = std::span<const typename Sequence::value_type>;
};

template <class Element, std::size_t Extent>
  requires wire::raw<std::remove_const_t<Element>>

struct shared_type<std::span<Element, Extent>> {
  using type = std::span<const std::remove_const_t<Element>>;
};

template <>
struct shared_type<wire::bytes> {
  using type = std::span<const std::byte>;
};

template <>
struct shared_type<std::string> {
  using type = std::string_view;
};

template <std::size_t size>
struct shared_type<char[size]> {  // NOLINT(modernize-avoid-c-arrays): a literal
  using type = std::string_view;
};

template <>
struct shared_type<const char*> : shared_type<std::string> {};

template <>
struct shared_type<std::string_view> : shared_type<std::string> {};

}  // namespace detail

/// What is shared of a value of type `Value`: the elements of a container of plain data.
template <class Value>
using shared_type = typename detail::shared_type<Value>::type;

}  // namespace rankwise::sharing
