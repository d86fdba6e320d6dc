// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/expansion/expand_call.hpp>
#include <rankwise/expansion/require_expansion.hpp>
#include <rankwise/expansion/work_stack.hpp>
#include <rankwise/pool.hpp>

#include <initializer_list>
#include <optional>
#include <ranges>
#include <utility>
#include <vector>

namespace rankwise {

template <std::ranges::input_range Roots, class Value, class Combine, class Task>
Value pool::expand(Roots&& roots, Value initial, const Combine& combine, const Task& task) const {
  if constexpr (!engine::require_expansion<Roots, Value, Combine, Task>()) {
    return initial;
  } else {
    using item = std::ranges::range_value_t<Roots>;
    engine::refuse_options_of_expand(options_);
    std::vector<item> first;
    if constexpr (std::ranges::sized_range<Roots>) first.reserve(std::ranges::size(roots));
    for (auto&& root : roots) first.push_back(std::forward<decltype(root)>(root));
    engine::expand_call<item, Value, Combine, Task> call(first, n_workers(), combine, task);
    first = {};
    run(call, "pool::expand");
    std::optional<Value>& all = call.value();
    return all ? Value(combine(std::move(initial), std::move(*all))) : initial;
  }
}

template <class Item, class Value, class Combine, class Task>
Value pool::expand(std::initializer_list<Item> roots,
                   Value initial,
                   const Combine& combine,
                   const Task& task) const {
  return expand(std::vector<Item>(roots), std::move(initial), combine, task);
}

}  // namespace rankwise
