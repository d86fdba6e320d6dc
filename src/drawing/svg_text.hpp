// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <string>
#include <string_view>
#include <vector>

namespace drawing {

/// Text as it may stand between the tags of XML, which can hold no control characters.
inline std::string escaped_for_xml(std::string_view text) {
  std::string escaped;
  for (const char letter : text) {
    switch (letter) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      default:
        escaped += static_cast<unsigned char>(letter) < ' ' ? ' ' : letter;
    }
  }
  return escaped;
}

/// Round numbers of a range for an axis, 1, 2 or 5 times a power of ten apart, about five of them.
inline std::vector<double> round_numbers(double low, double high) {
  constexpr double about = 5;
  const double power = std::pow(10, std::floor(std::log10((high - low) / about)));
  double step = 10 * power;
  for (const double factor : {5, 2, 1}) {
    if ((high - low) / (factor * power) <= about + 1) step = factor * power;
  }
  std::vector<double> numbers;
  const double first = std::ceil(low / step);
  for (int k = 0; k <= about + 1; ++k) {
    const double number = (first + k) * step;
    if (number <= high) numbers.push_back(number);
  }
  return numbers;
}

}  // namespace drawing
