// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/wire/fields.hpp>

#include <boost/serialization/is_bitwise_serializable.hpp>
#include <boost/serialization/serialization.hpp>

#include <array>
#include <complex>
#include <concepts>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <ranges>
#include <span>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace rankwise::wire {
namespace detail {

template <class T, template <class...> class Template>
inline constexpr bool is_instance = false;
template <template <class...> class Template, class... Args>
inline constexpr bool is_instance<Template<Args...>, Template> = true;

template <class T>
inline constexpr bool is_std_array = false;
template <class T, std::size_t N>
inline constexpr bool is_std_array<std::array<T, N>> = true;

// Class types that point into the memory of the process that made them.
template <class T>
inline constexpr bool is_view =
    is_instance<T, std::basic_string_view> || is_instance<T, std::reference_wrapper> ||
    is_instance<T, std::unique_ptr> || is_instance<T, std::shared_ptr> ||
    is_instance<T, std::weak_ptr>;
template <class T, std::size_t Extent>
inline constexpr bool is_view<std::span<T, Extent>> = true;

template <class T>
concept points_elsewhere = std::is_pointer_v<T> || std::is_member_pointer_v<T> ||
    std::is_null_pointer_v<T> || std::is_reference_v<T> || std::is_function_v<T> || is_view<T>;

// What an archive looks like to the questions below.
struct probe_archive {
  using is_saving = std::true_type;
  using is_loading = std::false_type;
};

// A member named `serialize`, private or not: where `T` has one the name is ambiguous in `both`.
struct has_the_name {
  void serialize();
};

template <class T>
struct both : T, has_the_name {};

template <class T>
consteval bool find_member_serialize() {
  if constexpr (!std::is_class_v<T>) {
    return false;
  } else if constexpr (std::is_final_v<T>) {
    return requires(T & value, probe_archive & archive) {
      value.serialize(archive, 0U);
    };
  } else {
    return !requires {
      &both<T>::serialize;
    };
  }
}

template <class T>
concept has_member_serialize = find_member_serialize<T>();

// Boost's catch-all `serialize(Archive&, T&, unsigned)` fits every type. Its twin makes a call
// ambiguous (so: no) unless an overload for the type itself is found, which wins over both.
namespace twin {
template <class Archive, class T>
void serialize(Archive& archive, T& value, const unsigned int version);

template <class T>
concept has_free_serialize = requires(probe_archive& archive,
                                      T& value,
                                      boost::serialization::version_type version) {
  serialize(archive, value, version);
};
}  // namespace twin

}  // namespace detail

/// A type for which someone wrote a `serialize`: a member, or a free function in its namespace or
/// in Boost's. It always has the last word, except where BOOST_IS_BITWISE_SERIALIZABLE says that
/// the bytes will do.
template <class T>
concept has_serialize = std::is_class_v<T> &&
    (detail::has_member_serialize<T> || detail::twin::has_free_serialize<T>);

namespace detail {

// Standard classes are known by what they can do: a program pays for the headers of those that it
// uses alone.

// As the class itself has it: one derived from a container may hold more than its elements.
template <class T>
concept has_own_clear = std::same_as<decltype(&T::clear), void (T::*)() noexcept>;

template <class T>
concept hashed_container = !has_member_serialize<T> && requires(const T& value) {
  typename T::key_type;
  typename T::value_type;
  typename T::hasher;
  value.bucket_count();
};

template <class T>
concept ordered_container = has_own_clear<T> && requires {
  typename T::key_type;
  typename T::value_type;
  typename T::key_compare;
} && !has_serialize<T>;

template <class T>
concept sequence_container = has_own_clear<T> && requires(T& value, std::size_t n) {
  typename T::value_type;
  typename T::allocator_type;
  value.resize(n);
} && !has_serialize<T>;

template <class T>
concept container = hashed_container<T> || ordered_container<T> || sequence_container<T>;

template <class T>
concept bit_set = requires(const T& value) {
  typename T::reference;
  value.to_string();
  value.none();
}

&&!has_serialize<T>;

template <class T>
concept file_path = requires(const T& value) {
  typename T::string_type;
  value.native();
  value.lexically_normal();
}

&&!has_serialize<T>;

template <class T>
consteval bool find_raw();

template <class... Types>
consteval bool all_raw(type_list<Types...> /*types*/) {
  return (find_raw<Types>() && ...);
}

// NOLINTBEGIN(bugprone-branch-clone): some questions make sense only after others
template <class T>
consteval bool find_raw() {
  // Not optional and variant: the byte that says what is inside has to be checked; and bits behind
  // the last of a std::bitset have to be 0.
  if constexpr (std::is_const_v<T> || points_elsewhere<T> || is_instance<T, std::optional> ||
                is_instance<T, std::variant> || bit_set<T>) {
    return false;
  } else if constexpr (std::is_arithmetic_v<T> || std::is_enum_v<T> ||
                       is_instance<T, std::complex>) {
    return true;
  } else if constexpr (std::is_array_v<T>) {
    return find_raw<std::remove_all_extents_t<T>>();
  } else if constexpr (is_std_array<T>) {
    return all_raw(type_list<typename T::value_type>{});
  } else if constexpr (is_instance<T, std::pair>) {
    return find_raw<typename T::first_type>() && find_raw<typename T::second_type>();
  } else if constexpr (has_serialize<T>) {
    return boost::serialization::is_bitwise_serializable<T>::value;
  } else if constexpr (!std::is_trivially_copyable_v<T> || !std::is_copy_assignable_v<T>) {
    return false;
  } else if constexpr (walkable<T>) {
    return all_raw(field_types<T>{});
  } else {
    return true;
  }
}

// NOLINTEND(bugprone-branch-clone)

}  // namespace detail

/// A type whose bytes are its value: arithmetic, enum, complex; array, pair and aggregate of such;
/// and any other trivially copyable class as it is, for its inside can't be seen.
template <class T>
concept raw = detail::find_raw<T>();

/// A container that holds raw values side by side (std::string, std::vector<double>; not
/// std::vector<bool>).
template <class T>
concept raw_sequence =
    std::ranges::contiguous_range<T> && !std::ranges::view<T> && raw<typename T::value_type> &&
    !detail::has_member_serialize<T> && requires(T & value, const typename T::value_type* place) {
  value.assign(place, place);
  value.reserve(value.size());
};

}  // namespace rankwise::wire
