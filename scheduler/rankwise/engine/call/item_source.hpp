// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <iterator>
#include <optional>
#include <ranges>
#include <type_traits>
#include <utility>

namespace rankwise::engine {

template <class Source>
struct item_of_callable {
  static_assert(std::is_invocable_v<Source&>,
                "rankwise: a source is a range, or a callable that takes nothing and returns a "
                "std::optional");
  using type = typename std::remove_cvref_t<std::invoke_result_t<Source&>>::value_type;
};

template <class Source>
struct item_of_range {
  using type = std::ranges::range_value_t<Source>;
};

/// What a source gives.
template <class Source>
using source_item =
    typename std::conditional_t<std::ranges::input_range<Source>,
                                item_of_range<std::remove_reference_t<Source>>,
                                item_of_callable<std::remove_reference_t<Source>>>::type;

/// A range as a source. It may wait for each item: no more is read of it than is asked for.
template <class Range>
class range_items {
 public:
  explicit range_items(Range& range) : range_(&range) {}

  /// Not to be asked again once there is none.
  std::optional<std::ranges::range_value_t<Range>> next() {
    if (at_) {
      ++*at_;
    } else {
      at_.emplace(std::ranges::begin(*range_));
    }
    if (*at_ == std::ranges::end(*range_)) return std::nullopt;
    return std::optional<std::ranges::range_value_t<Range>>(**at_);
  }

  /// As far as that is known beforehand.
  std::uint64_t n_items() const {
    if constexpr (std::ranges::sized_range<Range>) {
      return static_cast<std::uint64_t>(std::ranges::size(*range_));
    } else {
      return 0;
    }
  }

 private:
  Range* range_;
  std::optional<std::ranges::iterator_t<Range>> at_;  // of the item that was given last
};

/// A callable as a source.
template <class Callable, class Item>
class called_items {
 public:
  explicit called_items(Callable& next) : next_(&next) {}

  std::optional<Item> next() { return (*next_)(); }

  static std::uint64_t n_items() { return 0; }

 private:
  Callable* next_;
};

template <class Item, class Source>
auto open_source(Source& source) {
  if constexpr (std::ranges::input_range<Source>) {
    return range_items<Source>(source);
  } else {
    return called_items<Source, Item>(source);
  }
}

}  // namespace rankwise::engine
