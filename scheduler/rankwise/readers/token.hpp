// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string_view>

namespace rankwise {

/// A piece of text that a reader gives out; it lives until the reader goes on.
///
/// From its begin on 16 bytes can be read, whatever its size (what lies behind its end means
/// nothing): a short key is loaded at one stroke.
class token : public std::string_view {
 public:
  static constexpr std::size_t readable_bytes = 16;

  constexpr token(const char* begin, std::size_t n_bytes) noexcept
      : std::string_view(begin, n_bytes) {}
};

}  // namespace rankwise
