// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/text.hpp>

#include "csv/column.hpp"
#include "histogram/area_chart.hpp"
#include "histogram/bars.hpp"
#include "histogram/equal_bins.hpp"
#include "histogram/pixel_counts.hpp"

#include <fmt/format.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace histogram {

/// How often each value of each colour occurs in some images.
struct colour_histogram {
  std::uint64_t images = 0;
  std::array<std::uint64_t, n_colour_bins> bins{};

  std::string title() const {
    return fmt::format("{} {}, {} pixels",
                       images,
                       images == 1 ? "image" : "images",
                       figures_of(bins_of_colour(bins, 0)).pixels);
  }
};

/// How often the numbers of a column lie in each of some bins.
struct column_histogram {
  csv::column column;
  equal_bins bins;
  std::vector<std::uint64_t> counts;  ///< [bins.n() + 3]: also below and above all bins, left out
  bool is_gappy = false;              ///< rows without a value are left out, and told

  std::span<const std::uint64_t> in_bins() const { return std::span(counts).first(bins.n()); }

  std::uint64_t below() const { return counts[bins.below()]; }

  std::uint64_t above() const { return counts[bins.above()]; }

  /// Rows without a value.
  std::uint64_t left_out() const { return counts[bins.left_out()]; }

  std::string title() const {
    const std::uint64_t all =
        std::accumulate(counts.begin(), counts.end(), std::uint64_t{0}) - left_out();
    std::string text =
        fmt::format("{}: {} {}", column.text(), all, all == 1 ? "number" : "numbers");
    if (below() != 0) text += fmt::format(", {} below {}", below(), bins.low());
    if (above() != 0) text += fmt::format(", {} above {}", above(), bins.high());
    if (is_gappy) text += fmt::format(", {} left out", left_out());
    return text;
  }
};

/// What the terminal shows.
inline std::string plot(const colour_histogram& shown) {
  return shown.title() + "\n" + colour_bars(shown.bins, bars_of_locale(locale_of_environment()));
}

inline std::string plot(const column_histogram& shown) {
  return shown.title() + "\n" +
         bin_bars(shown.bins, shown.in_bins(), bars_of_locale(locale_of_environment()));
}

/// A drawing, as the contents of an SVG file.
inline std::string drawing(const colour_histogram& shown) {
  constexpr std::array<std::string_view, 3> inks{"#d62728", "#2ca02c", "#1f77b4"};
  area_chart chart(shown.title(), make_equal_bins({.low = 0, .high = 256}, 256));
  for (std::size_t colour = 0; colour < 3; ++colour) {
    chart.add({.name = std::string(colour_names.at(colour)),
               .colour = inks.at(colour),
               .counts = bins_of_colour(shown.bins, colour)});
  }
  chart.mark({0, 64, 128, 192, 255});
  chart.name_axis("value of a colour");
  return chart.text();
}

inline std::string drawing(const column_histogram& shown) {
  area_chart chart(shown.title(), shown.bins);
  chart.add({.name = {}, .colour = "#1f77b4", .counts = shown.in_bins()});
  chart.name_axis(shown.column.text());
  return chart.text();
}

/// One JSON object on a line.
inline std::string json_line(const colour_histogram& shown) {
  std::string text = fmt::format(R"({{"images":{},"pixels":{})",
                                 shown.images,
                                 figures_of(bins_of_colour(shown.bins, 0)).pixels);
  for (std::size_t colour = 0; colour < 3; ++colour) {
    text += fmt::format(R"(,"{}":[{}])",
                        colour_names.at(colour),
                        fmt::join(bins_of_colour(shown.bins, colour), ","));
  }
  return text + "}\n";
}

inline std::string json_line(const column_histogram& shown) {
  return fmt::format(R"({{"column":{},"low":{},"high":{},"below":{},"above":{}{},"counts":[{}]}})"
                     "\n",
                     rankwise::json_text(shown.column.text()),
                     shown.bins.low(),
                     shown.bins.high(),
                     shown.below(),
                     shown.above(),
                     shown.is_gappy ? fmt::format(R"(,"left_out":{})", shown.left_out()) : "",
                     fmt::join(shown.in_bins(), ","));
}

}  // namespace histogram
