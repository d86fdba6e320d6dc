// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/wire/buffer.hpp>
#include <rankwise/wire/traits.hpp>

#include <array>
#include <complex>
#include <cstddef>
#include <cstring>
#include <new>
#include <type_traits>
#include <utility>

namespace rankwise::wire {

namespace detail {

template <class T>
consteval bool find_padded();

template <class... Types>
consteval bool all_fill(std::size_t size, type_list<Types...> /*types*/) {
  return (sizeof(Types) + ... + 0) == size && !(find_padded<Types>() || ...);
}

template <class T>
consteval bool find_padded() {
  if constexpr (std::is_arithmetic_v<T> || std::is_enum_v<T>) {
    return std::is_same_v<T, long double>;
  } else if constexpr (std::is_array_v<T>) {
    return find_padded<std::remove_all_extents_t<T>>();
  } else if constexpr (is_std_array<T> || is_instance<T, std::complex>) {
    return find_padded<typename T::value_type>();
  } else if constexpr (is_instance<T, std::pair>) {
    return !all_fill(sizeof(T), type_list<typename T::first_type, typename T::second_type>{});
  } else if constexpr (walkable<T>) {
    return !all_fill(sizeof(T), field_types<T>{});
  } else {
    return !std::has_unique_object_representations_v<T>;
  }
}

/// A type laid out as T that the compiler takes for plain data: std::pair is none to it.
template <class T>
struct plain_layout {
  using type = T;
};

template <class First, class Second>
struct pair_layout {
  First first;
  Second second;
};

template <class T, std::size_t n>
struct array_layout {
  T items[n];  // NOLINT: as std::array has them
};

template <class T, std::size_t n>
  requires(n != 0)

struct plain_layout<std::array<T, n>> {
  using type = array_layout<typename plain_layout<T>::type, n>;
};

template <class First, class Second>
struct plain_layout<std::pair<First, Second>> {
  using type = pair_layout<typename plain_layout<First>::type, typename plain_layout<Second>::type>;
};

}  // namespace detail

/// A raw type with bytes that belong to no part of its value, and may hold anything.
template <class T>
concept padded = raw<T> && detail::find_padded<T>();

/// Appends the bytes of `n` values that lie side by side. Bytes of padding are zeros, so that equal
/// values are equal bytes, and nothing leaves the process that was left in memory by chance.
/// (Clang before 17 can't tell which they are: there they go as they lie.)
template <raw T>
void append_raw(bytes& out, const T* values, std::size_t n) {
#if defined(__has_builtin)
#if __has_builtin(__builtin_clear_padding)
  using plain = typename detail::plain_layout<T>::type;
  if constexpr (padded<T> && sizeof(plain) == sizeof(T) && std::is_trivially_copyable_v<plain>) {
    std::byte* to = extend(out, n * sizeof(T));
    alignas(plain) std::byte place[sizeof(T)];
    for (std::size_t i = 0; i < n; ++i, to += sizeof(T)) {
      std::memcpy(place, values + i, sizeof(T));
      __builtin_clear_padding(std::launder(reinterpret_cast<plain*>(place)));
      std::memcpy(to, place, sizeof(T));
    }
    return;
  }
#endif
#endif
  append(out, values, n * sizeof(T));
}

}  // namespace rankwise::wire
