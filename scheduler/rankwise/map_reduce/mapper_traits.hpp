// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/emitter.hpp>
#include <rankwise/task.hpp>

#include <cstddef>
#include <tuple>
#include <type_traits>

namespace rankwise::combine {

namespace detail {

/// The last of some parameters but for `n_values`, which are given by `rankwise::with`.
template <std::size_t n_values, class... Arguments>
struct last_of {};

template <std::size_t n_values, class... Arguments>
  requires(sizeof...(Arguments) > n_values)

struct last_of<n_values, Arguments...> {
  using type = std::tuple_element_t<sizeof...(Arguments) - 1 - n_values, std::tuple<Arguments...>>;
};

/// That parameter of a function, or of an operator() that is not a template.
template <class Function, std::size_t n_values>
struct last_parameter;

template <class Result, class... Arguments, std::size_t n_values>
struct last_parameter<Result (*)(Arguments...), n_values> : last_of<n_values, Arguments...> {};

template <class Result, class Class, class... Arguments, std::size_t n_values>
struct last_parameter<Result (Class::*)(Arguments...) const, n_values>
    : last_of<n_values, Arguments...> {};

template <class Result, class... Arguments, std::size_t n_values>
struct last_parameter<Result (*)(Arguments...) noexcept, n_values>
    : last_of<n_values, Arguments...> {};

template <class Result, class Class, class... Arguments, std::size_t n_values>
struct last_parameter<Result (Class::*)(Arguments...) const noexcept, n_values>
    : last_of<n_values, Arguments...> {};

template <class Mapper, std::size_t n_values = 0>
struct mapper_parameter : last_parameter<decltype(&Mapper::operator()), n_values> {};

template <auto Function, std::size_t n_values>
struct mapper_parameter<function_task<Function>, n_values>
    : last_parameter<decltype(Function), n_values> {};

template <class Task, class... Values, std::size_t n_values>
struct mapper_parameter<task_with_values<Task, Values...>, n_values>
    : mapper_parameter<Task, n_values + sizeof...(Values)> {};

template <class Parameter>
inline constexpr bool is_emitter = false;
template <class Key, class Value>
inline constexpr bool is_emitter<emitter<Key, Value>> = true;

}  // namespace detail

/// A callable whose last parameter, before what `rankwise::with` gives it, is an `emitter<Key,
/// Value>&`, which says what it emits.
template <class Mapper>
concept mapper = requires {
  typename detail::mapper_parameter<Mapper>::type;
}

&&detail::is_emitter<std::remove_reference_t<typename detail::mapper_parameter<Mapper>::type>>;

/// The emitter that a mapper takes.
template <mapper Mapper>
using emitter_of = std::remove_reference_t<typename detail::mapper_parameter<Mapper>::type>;

}  // namespace rankwise::combine
