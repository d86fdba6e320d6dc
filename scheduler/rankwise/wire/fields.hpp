// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>

namespace rankwise::wire {

/// A list of types, to compute with.
template <class... Types>
struct type_list {};

/// The most fields that an aggregate may have to be looked into.
inline constexpr std::size_t max_fields = 16;

namespace detail {

// Converts to the base classes of `Derived` alone: `Derived{base_of<Derived>{}}` is valid where it
// has one.
template <class Derived>
struct base_of {
  template <class Base>
    requires(std::is_base_of_v<Base, Derived> && !std::is_same_v<Base, Derived>)
  operator Base() const;  // NOLINT(google-explicit-constructor): it stands for a value of that type
};

template <class T>
concept has_a_base = requires {
  T{base_of<T>{}};
};

// clang-format off

// An empty pair of braces initialises exactly one field (an array too, which values without braces of their own would
// fill one by one), as long as the field can be made from nothing; what travels must be such anyway.
template <class T>
consteval std::size_t count_fields() {
  if constexpr (!requires { T{{}}; }) { return 0; } else
  if constexpr (!requires { T{{}, {}}; }) { return 1; } else
  if constexpr (!requires { T{{}, {}, {}}; }) { return 2; } else
  if constexpr (!requires { T{{}, {}, {}, {}}; }) { return 3; } else
  if constexpr (!requires { T{{}, {}, {}, {}, {}}; }) { return 4; } else
  if constexpr (!requires { T{{}, {}, {}, {}, {}, {}}; }) { return 5; } else
  if constexpr (!requires { T{{}, {}, {}, {}, {}, {}, {}}; }) { return 6; } else
  if constexpr (!requires { T{{}, {}, {}, {}, {}, {}, {}, {}}; }) { return 7; } else
  if constexpr (!requires { T{{}, {}, {}, {}, {}, {}, {}, {}, {}}; }) { return 8; } else
  if constexpr (!requires { T{{}, {}, {}, {}, {}, {}, {}, {}, {}, {}}; }) { return 9; } else
  if constexpr (!requires { T{{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}}; }) { return 10; } else
  if constexpr (!requires { T{{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}}; }) { return 11; } else
  if constexpr (!requires { T{{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}}; }) { return 12; } else
  if constexpr (!requires { T{{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}}; }) { return 13; } else
  if constexpr (!requires { T{{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}}; }) { return 14; } else
  if constexpr (!requires { T{{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}}; }) { return 15; } else
  if constexpr (!requires { T{{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}}; }) { return 16; } else
  return max_fields + 1;
}

// A structured binding names the fields of any aggregate without a base class, but their number has to be written down.
template <class T, class Visitor>
constexpr decltype(auto) with_fields([[maybe_unused]] T& value, Visitor&& visit) {
  constexpr std::size_t n = count_fields<std::remove_const_t<T>>();
  static_assert(n <= max_fields);
  if constexpr (n == 0) { return visit(); }
  else if constexpr (n == 1) { auto& [f0] = value; return visit(f0); }
  else if constexpr (n == 2) { auto& [f0, f1] = value; return visit(f0, f1); }
  else if constexpr (n == 3) { auto& [f0, f1, f2] = value; return visit(f0, f1, f2); }
  else if constexpr (n == 4) { auto& [f0, f1, f2, f3] = value; return visit(f0, f1, f2, f3); }
  else if constexpr (n == 5) { auto& [f0, f1, f2, f3, f4] = value; return visit(f0, f1, f2, f3, f4); }
  else if constexpr (n == 6) { auto& [f0, f1, f2, f3, f4, f5] = value; return visit(f0, f1, f2, f3, f4, f5); }
  else if constexpr (n == 7) { auto& [f0, f1, f2, f3, f4, f5, f6] = value; return visit(f0, f1, f2, f3, f4, f5, f6); }
  else if constexpr (n == 8) { auto& [f0, f1, f2, f3, f4, f5, f6, f7] = value; return visit(f0, f1, f2, f3, f4, f5, f6, f7); }
  else if constexpr (n == 9) { auto& [f0, f1, f2, f3, f4, f5, f6, f7, f8] = value; return visit(f0, f1, f2, f3, f4, f5, f6, f7, f8); }
  else if constexpr (n == 10) { auto& [f0, f1, f2, f3, f4, f5, f6, f7, f8, f9] = value; return visit(f0, f1, f2, f3, f4, f5, f6, f7, f8, f9); }
  else if constexpr (n == 11) { auto& [f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10] = value; return visit(f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10); }
  else if constexpr (n == 12) { auto& [f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11] = value; return visit(f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11); }
  else if constexpr (n == 13) { auto& [f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12] = value; return visit(f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12); }
  else if constexpr (n == 14) { auto& [f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13] = value; return visit(f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13); }
  else if constexpr (n == 15) { auto& [f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14] = value; return visit(f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14); }
  else if constexpr (n == 16) { auto& [f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15] = value; return visit(f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15); }
}

// The types as declared: a reference stays one, and a bit-field (to which nothing can be bound) has a type too.
template <class T>
constexpr auto list_field_types([[maybe_unused]] T& value) {
  constexpr std::size_t n = count_fields<T>();
  if constexpr (n == 0) { return type_list<>{}; }
  else if constexpr (n == 1) { auto& [f0] = value; return type_list<decltype(f0)>{}; }
  else if constexpr (n == 2) { auto& [f0, f1] = value; return type_list<decltype(f0), decltype(f1)>{}; }
  else if constexpr (n == 3) { auto& [f0, f1, f2] = value; return type_list<decltype(f0), decltype(f1), decltype(f2)>{}; }
  else if constexpr (n == 4) { auto& [f0, f1, f2, f3] = value; return type_list<decltype(f0), decltype(f1), decltype(f2), decltype(f3)>{}; }
  else if constexpr (n == 5) { auto& [f0, f1, f2, f3, f4] = value; return type_list<decltype(f0), decltype(f1), decltype(f2), decltype(f3), decltype(f4)>{}; }
  else if constexpr (n == 6) { auto& [f0, f1, f2, f3, f4, f5] = value; return type_list<decltype(f0), decltype(f1), decltype(f2), decltype(f3), decltype(f4), decltype(f5)>{}; }
  else if constexpr (n == 7) { auto& [f0, f1, f2, f3, f4, f5, f6] = value; return type_list<decltype(f0), decltype(f1), decltype(f2), decltype(f3), decltype(f4), decltype(f5), decltype(f6)>{}; }
  else if constexpr (n == 8) { auto& [f0, f1, f2, f3, f4, f5, f6, f7] = value; return type_list<decltype(f0), decltype(f1), decltype(f2), decltype(f3), decltype(f4), decltype(f5), decltype(f6), decltype(f7)>{}; }
  else if constexpr (n == 9) { auto& [f0, f1, f2, f3, f4, f5, f6, f7, f8] = value; return type_list<decltype(f0), decltype(f1), decltype(f2), decltype(f3), decltype(f4), decltype(f5), decltype(f6), decltype(f7), decltype(f8)>{}; }
  else if constexpr (n == 10) { auto& [f0, f1, f2, f3, f4, f5, f6, f7, f8, f9] = value; return type_list<decltype(f0), decltype(f1), decltype(f2), decltype(f3), decltype(f4), decltype(f5), decltype(f6), decltype(f7), decltype(f8), decltype(f9)>{}; }
  else if constexpr (n == 11) { auto& [f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10] = value; return type_list<decltype(f0), decltype(f1), decltype(f2), decltype(f3), decltype(f4), decltype(f5), decltype(f6), decltype(f7), decltype(f8), decltype(f9), decltype(f10)>{}; }
  else if constexpr (n == 12) { auto& [f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11] = value; return type_list<decltype(f0), decltype(f1), decltype(f2), decltype(f3), decltype(f4), decltype(f5), decltype(f6), decltype(f7), decltype(f8), decltype(f9), decltype(f10), decltype(f11)>{}; }
  else if constexpr (n == 13) { auto& [f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12] = value; return type_list<decltype(f0), decltype(f1), decltype(f2), decltype(f3), decltype(f4), decltype(f5), decltype(f6), decltype(f7), decltype(f8), decltype(f9), decltype(f10), decltype(f11), decltype(f12)>{}; }
  else if constexpr (n == 14) { auto& [f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13] = value; return type_list<decltype(f0), decltype(f1), decltype(f2), decltype(f3), decltype(f4), decltype(f5), decltype(f6), decltype(f7), decltype(f8), decltype(f9), decltype(f10), decltype(f11), decltype(f12), decltype(f13)>{}; }
  else if constexpr (n == 15) { auto& [f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14] = value; return type_list<decltype(f0), decltype(f1), decltype(f2), decltype(f3), decltype(f4), decltype(f5), decltype(f6), decltype(f7), decltype(f8), decltype(f9), decltype(f10), decltype(f11), decltype(f12), decltype(f13), decltype(f14)>{}; }
  else if constexpr (n == 16) { auto& [f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15] = value; return type_list<decltype(f0), decltype(f1), decltype(f2), decltype(f3), decltype(f4), decltype(f5), decltype(f6), decltype(f7), decltype(f8), decltype(f9), decltype(f10), decltype(f11), decltype(f12), decltype(f13), decltype(f14), decltype(f15)>{}; }
}
// clang-format on

template <class T>
concept plain_aggregate =
    std::is_aggregate_v<T> && std::is_class_v<T> && std::is_default_constructible_v<T>;

}  // namespace detail

/// An aggregate whose fields can be looked at one by one: no base class, at most `max_fields`
/// fields, each of them constructible from nothing. (An anonymous union as a field is beyond this:
/// such a type needs a `serialize`.)
template <class T>
concept walkable = detail::plain_aggregate<T> && !detail::has_a_base<T> &&
                   (detail::count_fields<T>() <= max_fields);

/// Calls `visit(fields...)` with a reference to each field of `value`, in order of declaration.
template <class T, class Visitor>
  requires walkable<std::remove_const_t<T>>

constexpr decltype(auto) visit_fields(T& value, Visitor&& visit) {
  return detail::with_fields(value, visit);
}

/// The types of the fields of `T`, as a `type_list`.
template <walkable T>
using field_types = decltype(detail::list_field_types(std::declval<T&>()));

}  // namespace rankwise::wire
