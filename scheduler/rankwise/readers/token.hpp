// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string_view>

namespace rankwise {

/// A piece of text that a reader gives out. It lives until the reader goes on to the next one.
///
/// At least 16 bytes can be read from its begin on, whatever its size, so that a short key is
/// loaded at one stroke. Bytes behind its end mean nothing.
class token : public std::string_view {
 public:
  static constexpr std::size_t readable_bytes = 16;

  constexpr token(const char* begin, std::size_t n_bytes) noexcept
      : std::string_view(begin, n_bytes) {}
};

}  // namespace rankwise
