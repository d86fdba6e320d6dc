// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/emitter.hpp>
#include <rankwise/read/for_each_block.hpp>
#include <rankwise/read/input.hpp>

#include "csv/column.hpp"
#include "linear_regression/byte_sums.hpp"
#include "linear_regression/moments.hpp"

#include <array>
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

/// Finds the moments of the points in two columns, x and y.
struct find_moments {
  std::array<csv::column, 2> columns;

  void operator()(rankwise::input& file, rankwise::emitter<rankwise::single, moments>& emit) const {
    point_sums sums;
    csv::for_each_numbers(file, columns, [&sums](const std::array<double, 2>& numbers) {
      sums.add(numbers[0], numbers[1]);
    });
    emit(sums.so_far());
  }
};

}  // namespace linear_regression
