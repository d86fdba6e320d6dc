// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/wire/archive.hpp>
#include <rankwise/wire/buffer.hpp>

#include <boost/serialization/collection_size_type.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

// The standard types that Boost 1.74 can't serialise, or not as it should be. (std::chrono's are
// raw bytes.) They are no overloads in Boost's namespace, because later releases of Boost have
// those of their own.
namespace rankwise::wire {

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

namespace detail {

template <class T>
concept hashed_map = hashed_container<T> && requires {
  typename T::mapped_type;
};

}  // namespace detail

/// Boost writes the number of buckets as if it were a number of elements, which the check of
/// lengths would refuse. Elements are written in the order of their bytes: equal containers are
/// equal bytes, whatever was put into them before, and a journal knows an input again.
template <detail::hashed_container T>
struct supplement<T> {
  static void save(output_archive& archive, const T& value) {
    archive << boost::serialization::collection_size_type(value.size());
    bytes all;
    output_archive into(all);
    std::vector<std::size_t> borders{0};
    borders.reserve(value.size() + 1);
    for (const auto& element : value) {
      if constexpr (detail::hashed_map<T>) {
        into << element.first << element.second;
      } else {
        into << element;
      }
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
    std::size_t left = std::as_const(count);
    value.reserve(left);
    for (; left > 0; --left) {
      typename T::key_type key{};
      archive >> key;
      if constexpr (detail::hashed_map<T>) {
        typename T::mapped_type mapped{};
        archive >> mapped;
        value.emplace(std::move(key), std::move(mapped));
      } else {
        value.insert(std::move(key));
      }
    }
  }
};

template <>
struct supplement<std::filesystem::path> {
  template <class Archive>
  static void save(Archive& archive, const std::filesystem::path& value) {
    archive << value.native();
  }

  template <class Archive>
  static void load(Archive& archive, std::filesystem::path& value) {
    std::filesystem::path::string_type text;
    archive >> text;
    value = std::move(text);
  }
};

}  // namespace rankwise::wire
