// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/map_reduce/combine/packed_key.hpp>
#include <rankwise/wire/codec.hpp>
#include <rankwise/wire/fields.hpp>
#include <rankwise/wire/traits.hpp>

#include <complex>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

namespace rankwise {

/// A key that is a number from 0 to N - 1, where most of them occur: values stand in an array.
template <std::uint32_t N>
struct bin {
  std::uint32_t index = 0;

  constexpr bool operator==(const bin&) const = default;
};

/// The key of a map_reduce that has one value in all.
struct single {
  constexpr bool operator==(const single&) const = default;
};

namespace combine {

/// Keys that values stand in an array for; 0: as many as occur, in a table.
template <class Key>
inline constexpr std::uint32_t n_dense_keys = 0;
template <std::uint32_t N>
inline constexpr std::uint32_t n_dense_keys<bin<N>> = N;
template <>
inline constexpr std::uint32_t n_dense_keys<single> = 1;

namespace detail {

template <class T>
struct is_hashed : std::bool_constant<wire::detail::hashed_container<T>> {};

template <class T>
struct is_floating : std::bool_constant<std::is_floating_point_v<T> ||
                                        wire::detail::is_instance<T, std::complex>> {};

template <template <class> class Is, class T, class... Seen>
consteval bool holds();

template <template <class> class Is, class... Seen, class... Types>
consteval bool any_holds(wire::type_list<Types...> /*types*/) {
  return (holds<Is, std::remove_const_t<Types>, Seen...>() || ...);
}

/// Whether a `T` is such a type, or holds one at any depth, as far as can be seen: the author of a
/// `serialize` answers for what it writes. `Seen` are the types around this one.
template <template <class> class Is, class T, class... Seen>
consteval bool holds() {
  if constexpr (Is<T>::value) {
    return true;
  } else if constexpr (wire::detail::points_elsewhere<T> || std::is_arithmetic_v<T> ||
                       std::is_enum_v<T> || (std::is_same_v<T, Seen> || ...)) {
    return false;
  } else if constexpr (std::is_array_v<T>) {
    return any_holds<Is, T, Seen...>(wire::type_list<std::remove_all_extents_t<T>>{});
  } else if constexpr (wire::detail::is_instance<T, std::tuple> ||
                       wire::detail::is_instance<T, std::pair> ||
                       wire::detail::is_instance<T, std::variant> ||
                       wire::detail::is_instance<T, std::optional>) {
    return any_holds<Is, T, Seen...>(typename wire::detail::type_arguments<T>::type{});
  } else if constexpr (wire::detail::has_member_serialize<T>) {
    return false;
  } else if constexpr (requires { typename T::value_type; }) {
    return any_holds<Is, T, Seen...>(wire::type_list<typename T::value_type>{});
  } else if constexpr (wire::has_serialize<T> || !wire::walkable<T>) {
    return false;
  } else {
    return any_holds<Is, T, Seen...>(wire::field_types<T>{});
  }
}

}  // namespace detail

/// Keys are equal where their bytes are; these are the key's own for strings, and what it travels
/// as for all others.
template <class Key>
struct key_codec {
  static_assert(!detail::holds<detail::is_hashed, Key>(),
                "rankwise: a key of map_reduce must be the same bytes whenever it is equal, which "
                "an unordered container is not: use an ordered one");
  static_assert(!detail::holds<detail::is_floating, Key>(),
                "rankwise: a floating-point number is no key of map_reduce, nor part of one: 0.0 "
                "and -0.0 are equal and differ in their bytes, and a NaN is not equal to itself; "
                "round it to an integer");

  /// Integers and bins are always held whole.
  static constexpr bool is_packed = std::integral<Key> || n_dense_keys<Key> != 0;

  static packed_key pack(const Key& key) requires is_packed {
    if constexpr (std::integral<Key>) {
      std::make_unsigned_t<std::conditional_t<std::same_as<Key, bool>, char, Key>> bits{};
      std::memcpy(&bits, &key, sizeof key);
      return {bits, std::uint64_t{sizeof key} << 56U};
    } else if constexpr (std::same_as<Key, single>) {
      return {0, std::uint64_t{4} << 56U};
    } else {
      return {key.index, std::uint64_t{4} << 56U};
    }
  }

  /// The key whose bytes are `text`.
  static Key decode(std::string_view text) {
    if constexpr (std::same_as<Key, std::string>) {
      return std::string(text);
    } else if constexpr (std::same_as<Key, single>) {
      return {};
    } else if constexpr (is_packed) {
      Key key{};
      std::memcpy(&key, text.data(), sizeof key);
      return key;
    } else {
      return wire::decoder<Key>(std::as_bytes(std::span(text))).get();
    }
  }
};

}  // namespace combine
}  // namespace rankwise
