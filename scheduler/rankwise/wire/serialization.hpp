// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/wire/archive.hpp>
#include <rankwise/wire/buffer.hpp>
#include <rankwise/wire/traits.hpp>

#include <boost/serialization/collection_size_type.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

// The standard types that are no raw bytes (std::chrono's are). They are no overloads in Boost's
// namespace, because Boost has those of its own. A container is its size and its elements, as in
// Boost: a program may include Boost's header for it in some of its sources.
namespace rankwise::wire {

template <class First, class Second>
struct supplement<std::pair<First, Second>> {
  template <class Archive>
  static void save(Archive& archive, const std::pair<First, Second>& value) {
    archive << value.first << value.second;
  }

  template <class Archive>
  static void load(Archive& archive, std::pair<First, Second>& value) {
    archive >> value.first >> value.second;
  }
};

template <class... Types>
struct supplement<std::tuple<Types...>> {
  template <class Archive>
  static void save(Archive& archive, const std::tuple<Types...>& value) {
    std::apply([&archive](const auto&... part) { (void)(archive << ... << part); }, value);
  }

  template <class Archive>
  static void load(Archive& archive, std::tuple<Types...>& value) {
    std::apply([&archive](auto&... part) { (void)(archive >> ... >> part); }, value);
  }
};

template <class T, std::size_t N>
struct supplement<std::array<T, N>> {
  template <class Archive>
  static void save(Archive& archive, const std::array<T, N>& value) {
    for (const T& element : value) archive << element;
  }

  template <class Archive>
  static void load(Archive& archive, std::array<T, N>& value) {
    for (T& element : value) archive >> element;
  }
};

template <class T>
struct supplement<std::optional<T>> {
  template <class Archive>
  static void save(Archive& archive, const std::optional<T>& value) {
    archive << value.has_value();
    if (value) archive << *value;
  }

  template <class Archive>
  static void load(Archive& archive, std::optional<T>& value) {
    bool present = false;
    archive >> present;
    if (!present) {
      value.reset();
      return;
    }
    T inside{};
    archive >> inside;
    value.emplace(std::move(inside));
  }
};

template <class... Types>
struct supplement<std::variant<Types...>> {
  template <class Archive>
  static void save(Archive& archive, const std::variant<Types...>& value) {
    archive << static_cast<std::uint32_t>(value.index());
    std::visit([&archive](const auto& inside) { archive << inside; }, value);
  }

  template <class Archive>
  static void load(Archive& archive, std::variant<Types...>& value) {
    std::uint32_t index = 0;
    archive >> index;
    if (index >= sizeof...(Types)) {
      throw decode_error("message with an impossible variant: alternative " +
                         std::to_string(index) + " of " + std::to_string(sizeof...(Types)));
    }
    load_alternative(archive, value, index, std::index_sequence_for<Types...>{});
  }

 private:
  template <class Archive, std::size_t... Indices>
  static void load_alternative(Archive& archive,
                               std::variant<Types...>& value,
                               std::size_t index,
                               std::index_sequence<Indices...> /*all*/) {
    const auto load_as =
        [&]<std::size_t Index>(std::integral_constant<std::size_t, Index> /*which*/) {
          std::variant_alternative_t<Index, std::variant<Types...>> inside{};
          archive >> inside;
          value.template emplace<Index>(std::move(inside));
        };
    ((index == Indices ? load_as(std::integral_constant<std::size_t, Indices>{}) : void()), ...);
  }
};

/// Vectors of what is no raw bytes, lists and deques.
template <detail::sequence_container T>
struct supplement<T> {
  template <class Archive>
  static void save(Archive& archive, const T& value) {
    const auto size = static_cast<std::size_t>(std::distance(value.begin(), value.end()));
    archive << boost::serialization::collection_size_type(size);
    for (const auto& element : value) archive << element;
  }

  template <class Archive>
  static void load(Archive& archive, T& value) {
    boost::serialization::collection_size_type count;
    archive >> count;
    value.resize(std::as_const(count));
    for (auto&& element : value) {
      if constexpr (std::is_same_v<typename T::value_type, bool>) {
        bool bit = false;
        archive >> bit;
        element = bit;
      } else {
        archive >> element;
      }
    }
  }
};

namespace detail {

template <class T>
concept keyed = requires {
  typename T::mapped_type;
};

/// Reads the elements of a set or map, and puts them into `value`, in which nothing is.
template <class Archive, class T>
void load_elements(Archive& archive, T& value, std::size_t n) {
  for (; n > 0; --n) {
    typename T::key_type key{};
    archive >> key;
    if constexpr (keyed<T>) {
      typename T::mapped_type mapped{};
      archive >> mapped;
      value.emplace_hint(value.end(), std::move(key), std::move(mapped));
    } else {
      value.insert(value.end(), std::move(key));
    }
  }
}

}  // namespace detail

template <detail::ordered_container T>
struct supplement<T> {
  template <class Archive>
  static void save(Archive& archive, const T& value) {
    archive << boost::serialization::collection_size_type(value.size());
    for (const auto& element : value) archive << element;
  }

  template <class Archive>
  static void load(Archive& archive, T& value) {
    boost::serialization::collection_size_type count;
    archive >> count;
    value.clear();
    detail::load_elements(archive, value, std::as_const(count));
  }
};

/// Elements are written in the order of their bytes: equal containers are equal bytes, whatever was
/// put into them before, and a journal knows an input again.
template <detail::hashed_container T>
struct supplement<T> {
  static void save(output_archive& archive, const T& value) {
    archive << boost::serialization::collection_size_type(value.size());
    bytes all;
    output_archive into(all);
    std::vector<std::size_t> borders{0};
    borders.reserve(value.size() + 1);
    for (const auto& element : value) {
      into << element;
      borders.push_back(all.size());
    }
    std::vector<std::string_view> elements;
    elements.reserve(value.size());
    for (std::size_t i = 0; i + 1 < borders.size(); ++i) {
      elements.emplace_back(reinterpret_cast<const char*>(all.data()) + borders[i],
                            borders[i + 1] - borders[i]);
    }
    std::sort(elements.begin(), elements.end());
    for (const std::string_view element : elements)
      archive.save_binary(element.data(), element.size());
  }

  template <class Archive>
  static void load(Archive& archive, T& value) {
    boost::serialization::collection_size_type count;
    archive >> count;
    value.clear();
    value.reserve(std::as_const(count));
    detail::load_elements(archive, value, std::as_const(count));
  }
};

/// std::bitset, whose text is checked as it is read.
template <detail::bit_set T>
struct supplement<T> {
  template <class Archive>
  static void save(Archive& archive, const T& value) {
    archive << value.to_string();
  }

  template <class Archive>
  static void load(Archive& archive, T& value) {
    std::string text;
    archive >> text;
    value = T(text);
  }
};

/// std::filesystem::path.
template <detail::file_path T>
struct supplement<T> {
  template <class Archive>
  static void save(Archive& archive, const T& value) {
    archive << value.native();
  }

  template <class Archive>
  static void load(Archive& archive, T& value) {
    typename T::string_type text;
    archive >> text;
    value = std::move(text);
  }
};

}  // namespace rankwise::wire
