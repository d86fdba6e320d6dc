// SPDX-License-Identifier: MIT
#pragma once

#include <charconv>
#include <cmath>
#include <limits>
#include <locale>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>

namespace rankwise {

namespace detail {

/// Returns the number that `text` is if std::from_chars says that it is out of range: infinity if
/// it is too large, 0 or next to it if it is too small.
inline double number_out_of_range(std::string_view text) {
  std::istringstream in{std::string(text)};
  in.imbue(std::locale::classic());
  double value = 0;
  in >> value;
  return in.fail() ? std::copysign(std::numeric_limits<double>::infinity(), value) : value;
}

}  // namespace detail

/// Returns the double nearest to the number that `text` is, without anything around it; none if it
/// is no number. Numbers are written as Python's float() takes them, but for underscores and digits
/// beyond ASCII: 7, +7, -7., .7e1, inf, Infinity and nan in any case. 1e400 is infinite, 1e-400 is
/// 0. The locale does not matter.
inline std::optional<double> parse_number(std::string_view text) {
  if (text.starts_with('+')) {
    text.remove_prefix(1);
    if (text.starts_with('-')) return std::nullopt;
  }
  double value = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, value);
  if (error == std::errc::invalid_argument || stopped != end) return std::nullopt;
  if (error == std::errc::result_out_of_range) return detail::number_out_of_range(text);
  if (std::isnan(value) && text.ends_with(')')) return std::nullopt;  // nan(...) of C
  return value;
}

}  // namespace rankwise
