// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/wire/codec.hpp>

#include <cstddef>
#include <span>
#include <type_traits>

namespace rankwise::engine {

/// A callable on its way to another rank. One without state is named by its type, and nothing of it
/// is sent.
template <class Callable>
struct travelling {
  static void encode(const Callable& callable, wire::bytes& out) {
    if constexpr (!std::is_empty_v<Callable>) wire::encoder<Callable>(out).put(callable);
  }

  /// Takes the callable off the front of `bytes`.
  static Callable decode(std::span<const std::byte>& bytes) {
    if constexpr (std::is_empty_v<Callable>) {
      return Callable{};
    } else {
      wire::decoder<Callable> decoder(bytes);
      Callable callable = decoder.get();
      bytes = bytes.last(decoder.remaining());
      return callable;
    }
  }
};

}  // namespace rankwise::engine
