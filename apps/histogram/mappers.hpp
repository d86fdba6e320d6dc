// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/emitter.hpp>
#include <rankwise/readers.hpp>

#include "csv/column.hpp"
#include "histogram/equal_bins.hpp"
#include "histogram/image_part.hpp"
#include "histogram/pixel_counts.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

namespace histogram {

/// Counts the values of the colours in a part of an image.
inline void count_pixels(rankwise::input& image,
                         rankwise::emitter<rankwise::bin<n_colour_bins>, std::uint64_t>& emit) {
  const auto counts = std::make_unique<pixel_counts>();
  count_image_part(image, *counts);
  const auto& bins = counts->bins();
  for (std::uint32_t bin = 0; bin < n_colour_bins; ++bin) {
    if (bins[bin] != 0) emit({bin}, bins[bin]);
  }
}

/// Finds the smallest and the largest number of a column.
struct find_range {
  csv::number_columns<1> column;

  void operator()(rankwise::input& file,
                  rankwise::emitter<rankwise::single, value_range>& emit) const {
    value_range all;
    csv::for_each_numbers(file, column, [&all](const std::array<double, 1>& numbers) {
      all = all + value_range{numbers[0], numbers[0]};
    });
    if (!all.is_empty()) emit(all);
  }
};

/// Counts the numbers of a column by bin; also those below and above all bins, and the rows that
/// have none.
struct count_numbers {
  csv::number_columns<1> column;
  equal_bins bins;

  void operator()(rankwise::input& file,
                  rankwise::emitter<std::uint32_t, std::uint64_t>& emit) const {
    std::vector<std::uint64_t> counts(bins.n() + 3);
    counts[bins.left_out()] =
        csv::for_each_numbers(file, column, [&](const std::array<double, 1>& numbers) {
          ++counts[bins.bin_of(numbers[0])];
        });
    for (std::uint32_t bin = 0; bin < counts.size(); ++bin) {
      if (counts[bin] != 0) emit(bin, counts[bin]);
    }
  }
};

}  // namespace histogram
