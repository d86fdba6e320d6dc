// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <vector>

namespace drawing {

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

/// A range of numbers along one of the two directions of a drawing.
struct axis {
  double low = 0;
  double high = 1;
  double place_of_low = 0;   ///< a coordinate
  double place_of_high = 0;  ///< a coordinate; less than the other if numbers grow upwards

  /// The coordinate of `number`.
  double place(double number) const {
    return place_of_low + (place_of_high - place_of_low) * (number - low) / (high - low);
  }

  std::vector<double> round_numbers() const { return drawing::round_numbers(low, high); }
};

}  // namespace drawing
