// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/task.hpp>

#include <limits>
#include <type_traits>

namespace rankwise::engine {

/// Some numbers of the type `From` are others, or cut off, as a `To`. An integer may become a
/// floating-point number.
template <class From, class To>
consteval bool narrows() {
  if constexpr (!std::is_arithmetic_v<From> || !std::is_arithmetic_v<To> ||
                std::is_same_v<From, To>) {
    return false;
  } else if constexpr (std::is_same_v<To, bool>) {
    return true;
  } else if constexpr (std::is_floating_point_v<To>) {
    return std::is_floating_point_v<From> &&
           std::numeric_limits<From>::digits > std::numeric_limits<To>::digits;
  } else {
    return std::is_floating_point_v<From> ||
           std::numeric_limits<From>::digits > std::numeric_limits<To>::digits ||
           (std::is_signed_v<From> && std::is_unsigned_v<To>);
  }
}

namespace detail {

/// The parameters of a function, or of an operator() that is not a template.
template <class Function>
struct two_parameters {};

template <class Result, class First, class Second>
struct two_parameters<Result (*)(First, Second)> {
  template <class Value>
  static constexpr bool narrow =
      narrows<Value, std::remove_cvref_t<First>>() || narrows<Value, std::remove_cvref_t<Second>>();
};

template <class Result, class First, class Second>
struct two_parameters<Result (*)(First, Second) noexcept>
    : two_parameters<Result (*)(First, Second)> {};

template <class Result, class Class, class First, class Second>
struct two_parameters<Result (Class::*)(First, Second) const>
    : two_parameters<Result (*)(First, Second)> {};

template <class Result, class Class, class First, class Second>
struct two_parameters<Result (Class::*)(First, Second) const noexcept>
    : two_parameters<Result (*)(First, Second)> {};

template <class Combine>
struct parameters_of {};

template <class Combine>
  requires requires {
    &Combine::operator();
  }

struct parameters_of<Combine> : two_parameters<decltype(&Combine::operator())> {};

template <auto Function>
struct parameters_of<function_task<Function>> : two_parameters<decltype(Function)> {};

}  // namespace detail

}  // namespace rankwise::engine
