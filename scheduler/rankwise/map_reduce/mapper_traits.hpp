// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/emitter.hpp>
#include <rankwise/task.hpp>

#include <type_traits>

namespace rankwise::combine {

namespace detail {

template <class Argument, class... Rest>
struct last_of : last_of<Rest...> {};

template <class Argument>
struct last_of<Argument> {
  using type = Argument;
};

/// The last parameter of a function, or of an operator() that is not a template.
template <class Function>
struct last_parameter;

template <class Result, class... Arguments>
struct last_parameter<Result (*)(Arguments...)> : last_of<Arguments...> {};

template <class Result, class Class, class... Arguments>
struct last_parameter<Result (Class::*)(Arguments...) const> : last_of<Arguments...> {};

template <class Result, class... Arguments>
struct last_parameter<Result (*)(Arguments...) noexcept> : last_of<Arguments...> {};

template <class Result, class Class, class... Arguments>
struct last_parameter<Result (Class::*)(Arguments...) const noexcept> : last_of<Arguments...> {};

template <class Mapper>
struct mapper_parameter : last_parameter<decltype(&Mapper::operator())> {};

template <auto Function>
struct mapper_parameter<function_task<Function>> : last_parameter<decltype(Function)> {};

template <class Parameter>
inline constexpr bool is_emitter = false;
template <class Key, class Value>
inline constexpr bool is_emitter<emitter<Key, Value>> = true;

}  // namespace detail

/// A callable whose last parameter is an `emitter<Key, Value>&`, which says what it emits.
template <class Mapper>
concept mapper = requires {
  typename detail::mapper_parameter<Mapper>::type;
}

&&detail::is_emitter<std::remove_reference_t<typename detail::mapper_parameter<Mapper>::type>>;

/// The emitter that a mapper takes.
template <mapper Mapper>
using emitter_of = std::remove_reference_t<typename detail::mapper_parameter<Mapper>::type>;

}  // namespace rankwise::combine
