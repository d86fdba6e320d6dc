// SPDX-License-Identifier: MIT
#pragma once

#include <fmt/core.h>

#include <cmath>
#include <cstddef>
#include <string>
#include <string_view>

namespace rankwise {

namespace detail {

/// Returns how many bytes at the front of `text`, which is not empty, are one character in UTF-8; 0
/// if they are none.
inline std::size_t utf8_length(std::string_view text) {
  const auto byte = [&text](std::size_t i) -> unsigned {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const auto follows = [&](std::size_t i) { return (byte(i) & 0xc0U) == 0x80U; };
  const unsigned first = byte(0);
  if (first < 0x80U) return 1;
  if (first >= 0xc2U && first < 0xe0U) return follows(1) ? 2 : 0;
  if (first >= 0xe0U && first < 0xf0U) {
    const bool overlong = first == 0xe0U && byte(1) < 0xa0U;
    const bool surrogate = first == 0xedU && byte(1) >= 0xa0U;
    return follows(1) && follows(2) && !overlong && !surrogate ? 3 : 0;
  }
  if (first >= 0xf0U && first < 0xf5U) {
    const bool overlong = first == 0xf0U && byte(1) < 0x90U;
    const bool too_large = first == 0xf4U && byte(1) >= 0x90U;
    return follows(1) && follows(2) && follows(3) && !overlong && !too_large ? 4 : 0;
  }
  return 0;
}

}  // namespace detail

/// Returns `text` as a string of JSON, with its quotes. Bytes that are not UTF-8 become \udc80 to
/// \udcff, as Python's "surrogateescape" has it, so that they can be had back.
inline std::string json_text(std::string_view text) {
  std::string quoted = "\"";
  while (!text.empty()) {
    const std::size_t n = detail::utf8_length(text);
    const auto first = static_cast<unsigned char>(text.front());
    if (n == 0) {
      quoted += fmt::format("\\udc{:02x}", first);
    } else if (first == '"' || first == '\\') {
      quoted += {'\\', text.front()};
    } else if (first < 0x20U) {
      quoted += fmt::format("\\u{:04x}", first);
    } else {
      quoted += text.substr(0, n);
    }
    text.remove_prefix(n == 0 ? 1 : n);
  }
  return quoted + "\"";
}

/// Returns `value` as a number of JSON, as fmt writes it; null if it is not finite, since JSON has
/// no such numbers.
inline std::string json_number(double value, std::string_view form = "{}") {
  return std::isfinite(value) ? fmt::format(fmt::runtime(form), value) : "null";
}

}  // namespace rankwise
