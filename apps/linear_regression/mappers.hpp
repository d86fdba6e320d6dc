// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/emitter.hpp>
#include <rankwise/readers.hpp>

#include "csv/column.hpp"
#include "linear_regression/byte_sums.hpp"
#include "linear_regression/moments.hpp"

#include <array>
#include <cstdint>
#include <span>

namespace linear_regression {

/// Sums the pairs of bytes of a part of a file.
inline void sum_bytes(rankwise::input& file, rankwise::emitter<rankwise::single, byte_sums>& emit) {
  byte_sums sums;
  rankwise::for_each_block(file, 2, 0, [&sums](std::span<const unsigned char> pairs) {
    sums = sums + sum_pairs(pairs);
  });
  emit(sums);
}

/// What a table tells of its points.
struct table_points {
  moments whole;               ///< of the rows with both numbers
  std::uint64_t left_out = 0;  ///< rows in which a number is missing

  friend table_points operator+(const table_points& one, const table_points& other) {
    return {.whole = one.whole + other.whole, .left_out = one.left_out + other.left_out};
  }
};

/// Finds the moments of the points in two columns, x and y.
struct find_moments {
  csv::number_columns<2> columns;

  void operator()(rankwise::input& file,
                  rankwise::emitter<rankwise::single, table_points>& emit) const {
    point_sums sums;
    const std::uint64_t left_out =
        csv::for_each_numbers(file, columns, [&sums](const std::array<double, 2>& numbers) {
          sums.add(numbers[0], numbers[1]);
        });
    emit({.whole = sums.so_far(), .left_out = left_out});
  }
};

}  // namespace linear_regression
