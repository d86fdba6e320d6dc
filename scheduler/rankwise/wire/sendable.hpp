// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/wire/fields.hpp>
#include <rankwise/wire/traits.hpp>

#include <functional>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

#if !defined(__has_attribute) || !__has_attribute(unavailable)
#error "rankwise needs GCC 12, Clang 14 or later: this compiler could not refuse what can't travel"
#endif

namespace rankwise::wire {

/// Why a type can't travel.
enum class refusal {
  none,
  points_elsewhere,
  hides_a_callable,
  is_shared,
  not_assignable,
  too_many_members,
  has_a_base,
  no_serialize
};

namespace detail {

/// `Type` can't travel: the type in question, or one of its parts.
template <class Type, refusal Why>
struct verdict {
  using type = Type;
  static constexpr refusal why = Why;
};

using accepted = verdict<void, refusal::none>;

template <class T, class... Seen>
consteval auto find_refusal();

template <class... Seen>
consteval auto first_refusal(type_list<Seen...> /*seen*/, type_list<> /*types*/) {
  return accepted{};
}

template <class... Seen, class First, class... Rest>
consteval auto first_refusal(type_list<Seen...> seen, type_list<First, Rest...> /*types*/) {
  using found = decltype(find_refusal<std::remove_const_t<First>, Seen...>());
  if constexpr (found::why != refusal::none) {
    return found{};
  } else {
    return first_refusal(seen, type_list<Rest...>{});
  }
}

template <class T>
struct type_arguments;

template <template <class...> class Template, class... Args>
struct type_arguments<Template<Args...>> {
  using type = type_list<Args...>;
};

// NOLINTBEGIN(bugprone-branch-clone): some questions make sense only after others
// `Seen` are the types around this one: a tree is a struct that holds a vector of itself.
template <class T, class... Seen>
consteval auto find_refusal() {
  using seen = type_list<T, Seen...>;
  if constexpr (points_elsewhere<T>) {
    return verdict<T, refusal::points_elsewhere>{};
  } else if constexpr (is_instance<T, std::function>) {
    return verdict<T, refusal::hides_a_callable>{};
  } else if constexpr (requires { typename T::shared_value_type; }) {
    return verdict<T, refusal::is_shared>{};
  } else if constexpr ((std::is_same_v<T, Seen> || ...) || std::is_arithmetic_v<T> ||
                       std::is_enum_v<T> || file_path<T> || bit_set<T> || raw_sequence<T> ||
                       has_member_serialize<T>) {
    return accepted{};  // the author of a `serialize` answers for it
  } else if constexpr (std::is_array_v<T>) {
    return find_refusal<std::remove_cv_t<std::remove_all_extents_t<T>>, Seen...>();
  } else if constexpr (is_instance<T, std::tuple> || is_instance<T, std::pair> ||
                       is_instance<T, std::variant> || is_instance<T, std::optional>) {
    return first_refusal(seen{}, typename type_arguments<T>::type{});
  } else if constexpr (is_std_array<T> || container<T> ||
                       (has_serialize<T> && requires { typename T::value_type; })) {
    return first_refusal(seen{}, type_list<typename T::value_type>{});
  } else if constexpr (has_serialize<T>) {
    return accepted{};
  } else if constexpr (walkable<T> && !std::is_move_assignable_v<T>) {
    return verdict<T, refusal::not_assignable>{};
  } else if constexpr (walkable<T>) {
    return first_refusal(seen{}, field_types<T>{});
  } else if constexpr (std::is_trivially_copyable_v<T> && std::is_copy_assignable_v<T>) {
    return accepted{};
  } else if constexpr (std::is_trivially_copyable_v<T>) {
    return verdict<T, refusal::not_assignable>{};
  } else if constexpr (plain_aggregate<T> && has_a_base<T>) {
    return verdict<T, refusal::has_a_base>{};
  } else if constexpr (plain_aggregate<T>) {
    return verdict<T, refusal::too_many_members>{};
  } else {
    return verdict<T, refusal::no_serialize>{};
  }
}

// NOLINTEND(bugprone-branch-clone)

template <class T>
using verdict_on = decltype(find_refusal<std::remove_cv_t<T>>());

}  // namespace detail

/// Why `T` can't travel, or `refusal::none`.
template <class T>
inline constexpr refusal why_refused = detail::verdict_on<T>::why;

/// A type whose values can travel between ranks.
template <class T>
concept sendable = why_refused<T>
== refusal::none;

/// What the compiler says of a type that can't travel, with the type: each of these ends the
/// compilation where it is used.
namespace refused {

template <class Type>
__attribute__((unavailable(
    "rankwise: a value that travels between ranks must own its data: it holds a pointer, "
    "std::string_view, std::span or std::reference_wrapper, which would point into another "
    "process; send a std::string, a std::vector or the value itself"))) consteval void
points_elsewhere() {}

template <class Type>
__attribute__((unavailable(
    "rankwise: a std::function can't travel between ranks: what it calls is known to the process "
    "that made it alone; use rankwise::fn<f>, a lambda that captures nothing, or a struct with "
    "operator() whose members can be sent"))) consteval void
hides_a_callable() {}

template <class Type>
__attribute__((unavailable(
    "rankwise: a rankwise::shared goes to tasks by rankwise::with(shared)(task), or as an argument "
    "of pool::submit, and the task takes the value itself; it can't be (a part of) an input, a "
    "result, or another value"))) consteval void
is_shared() {}

template <class Type>
__attribute__((unavailable(
    "rankwise: a value that travels between ranks must be assignable: it holds a const or "
    "reference member; make it a plain member, or add a serialize function"))) consteval void
not_assignable() {}

template <class Type>
__attribute__((unavailable(
    "rankwise: a value that travels between ranks has at most 16 members, and this type has more: "
    "put some of them into a struct of their own, or add a serialize function (template <class "
    "Archive> void serialize(Archive& archive, unsigned version) { archive & a & b; "
    "})"))) consteval void
too_many_members() {}

template <class Type>
__attribute__((unavailable(
    "rankwise: a value that travels between ranks can't have a base class without telling its "
    "parts: make the base a member, or add a serialize function (template <class Archive> void "
    "serialize(Archive& archive, unsigned version) { archive & a & b; })"))) consteval void
has_a_base() {}

template <class Type>
__attribute__((unavailable(
    "rankwise: a value that travels between ranks must be plain data or tell its parts: add a "
    "serialize function (template <class Archive> void serialize(Archive& archive, unsigned "
    "version) { archive & a & b; }), or make it an aggregate of at most 16 such "
    "values"))) consteval void
no_serialize() {}

template <class Value>
__attribute__((
    unavailable("rankwise: a value that travels between ranks must be default-constructible, "
                "unless it is plain data: give it a constructor without arguments"))) consteval void
has_no_default() {}

}  // namespace refused

/// Whether values of `T` can travel; where not, the compiler says why, and what to do.
template <class T>
consteval bool require_sendable() {
  using verdict = detail::verdict_on<T>;
  using type = typename verdict::type;
  if constexpr (verdict::why == refusal::points_elsewhere) {
    refused::points_elsewhere<type>();
  } else if constexpr (verdict::why == refusal::hides_a_callable) {
    refused::hides_a_callable<type>();
  } else if constexpr (verdict::why == refusal::is_shared) {
    refused::is_shared<type>();
  } else if constexpr (verdict::why == refusal::not_assignable) {
    refused::not_assignable<type>();
  } else if constexpr (verdict::why == refusal::too_many_members) {
    refused::too_many_members<type>();
  } else if constexpr (verdict::why == refusal::has_a_base) {
    refused::has_a_base<type>();
  } else if constexpr (verdict::why == refusal::no_serialize) {
    refused::no_serialize<type>();
  }
  return verdict::why == refusal::none;
}

/// Whether a `T` can be made where it arrives; where not, the compiler says so. What is a part of
/// another value is made by that one.
template <class T>
consteval bool require_default() {
  constexpr bool can_be_made = std::is_default_constructible_v<T> || raw<T>;
  if constexpr (!can_be_made) refused::has_no_default<T>();
  return can_be_made;
}

}  // namespace rankwise::wire
