// SPDX-License-Identifier: MIT
#pragma once

#include "drawing/axis.hpp"
#include "drawing/svg.hpp"
#include "histogram/bars.hpp"
#include "histogram/equal_bins.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace histogram {

/// Counts that are drawn in one colour.
struct area_series {
  std::string name;  ///< for the legend; empty: none
  std::string_view colour;
  std::span<const std::uint64_t> counts;
};

/// A drawing of the counts of bins, over one another where there are several series.
class area_chart {
 public:
  area_chart(std::string title, equal_bins bins)
      : title_(std::move(title)), bins_(std::move(bins)) {}

  void add(const area_series& series) {
    series_.push_back(series);
    most_ = std::max(most_, largest(series.counts));
  }

  /// Marks `numbers` on the horizontal axis, instead of round ones.
  void mark(std::vector<double> numbers) { marks_ = std::move(numbers); }

  /// What the horizontal axis shows.
  void name_axis(std::string name) { horizontal_ = std::move(name); }

  /// The contents of an SVG file.
  std::string text() const {
    drawing::svg drawn(width, height, title_);
    drawn.text({left, 26}, title_, {.size = 16});
    draw_counts(drawn);
    for (const area_series& series : series_) drawn.area(outline(series), series.colour);
    draw_values(drawn);
    draw_legend(drawn);
    return drawn.file();
  }

 private:
  using anchor = drawing::text_style::anchor;

  static constexpr double width = 800;
  static constexpr double height = 420;
  static constexpr double left = 70;
  static constexpr double right = 780;
  static constexpr double top = 44;
  static constexpr double bottom = 366;

  drawing::axis values() const { return {bins_.low(), bins_.high(), left, right}; }

  drawing::axis counts() const {
    return {0, static_cast<double>(std::max<std::uint64_t>(1, most_)), bottom, top};
  }

  void draw_counts(drawing::svg& drawn) const {
    for (const double count : counts().round_numbers()) {
      if (count != std::floor(count)) continue;
      const double y = counts().place(count);
      drawn.line({left, y}, {right, y}, "#ddd");
      drawn.text({left - 8, y + 4.5}, short_number(count), {.at = anchor::end});
    }
  }

  std::string outline(const area_series& series) const {
    std::string path = fmt::format("M{:.2f} {:.2f}", left, bottom);
    for (std::uint32_t bin = 0; bin < bins_.n(); ++bin) {
      fmt::format_to(std::back_inserter(path),
                     "V{:.2f}H{:.2f}",
                     counts().place(static_cast<double>(series.counts[bin])),
                     values().place(bins_.edges[bin + 1]));
    }
    return path + fmt::format("V{:.2f}Z", bottom);
  }

  void draw_values(drawing::svg& drawn) const {
    drawn.line({left, bottom}, {right, bottom}, "#333");
    for (const double number : marks_.empty() ? values().round_numbers() : marks_) {
      const double x = values().place(number);
      drawn.line({x, bottom}, {x, bottom + 5}, "#333");
      drawn.text({x, bottom + 20}, fmt::format("{:.10g}", number), {.at = anchor::middle});
    }
    drawn.text({(left + right) / 2, bottom + 42}, horizontal_, {.at = anchor::middle});
  }

  void draw_legend(drawing::svg& drawn) const {
    constexpr double step = 72;
    double x = right - step * static_cast<double>(series_.size());
    for (const area_series& series : series_) {
      if (series.name.empty()) continue;
      drawn.rectangle({x, 16}, 12, 12, series.colour);
      drawn.text({x + 17, 26}, series.name);
      x += step;
    }
  }

  std::string title_;
  std::string horizontal_;
  equal_bins bins_;
  std::vector<area_series> series_;
  std::vector<double> marks_;
  std::uint64_t most_ = 0;
};

}  // namespace histogram
