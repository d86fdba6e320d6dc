// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/wire/buffer.hpp>
#include <rankwise/wire/codec.hpp>
#include <rankwise/wire/sendable.hpp>
#include <rankwise/wire/traits.hpp>

#include <cstddef>
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

/// What owns the elements of a shared span at the root.
template <class Element>
struct owned_elements {
  std::shared_ptr<const void> owner;
  std::span<const Element> elements;
};

/// Plain data side by side: tasks of each rank look at it where it arrives.
template <class Element>
struct shared_form<std::span<const Element>> {
  static_assert(alignof(Element) <= alignof(std::max_align_t));

  static constexpr bool is_raw = true;
  using stored = owned_elements<Element>;
  using given = std::span<const Element>;

  template <class Range>
  static stored store(Range&& range) {
    using container =
        std::conditional_t<wire::raw_sequence<std::remove_cvref_t<Range>> ||
                               std::is_same_v<std::remove_cvref_t<Range>, wire::bytes>,
                           std::remove_cvref_t<Range>,
                           std::vector<Element>>;
    const auto owner = [&] {
      if constexpr (std::is_same_v<container, std::remove_cvref_t<Range>>) {
        return std::make_shared<const container>(std::forward<Range>(range));
      } else {
        return std::make_shared<const container>(range.begin(), range.end());
      }
    }();
    return {owner, given(owner->data(), owner->size())};
  }

  static given give(const stored& value) { return value.elements; }

  static std::span<const std::byte> bytes_of(const stored& value) {
    return std::as_bytes(value.elements);
  }

  static given read(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const Element*>(bytes.data()), bytes.size() / sizeof(Element)};
  }
};

template <>
struct shared_form<std::string_view> {
  static constexpr bool is_raw = true;
  using stored = std::string;
  using given = std::string_view;

  static stored store(std::string text) { return text; }

  static given give(const stored& value) { return value; }

  static std::span<const std::byte> bytes_of(const stored& value) {
    return std::as_bytes(std::span(value));
  }

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
