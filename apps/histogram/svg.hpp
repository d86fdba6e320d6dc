// SPDX-License-Identifier: MIT
#pragma once

#include "drawing/svg_text.hpp"
#include "histogram/bars.hpp"
#include "histogram/equal_bins.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace histogram {

/// Counts that are drawn in one colour.
struct svg_series {
  std::string name;  ///< for the legend; empty: none
  std::string_view colour;
  std::span<const std::uint64_t> counts;
};

/// A drawing of the counts of bins, over one another where there are several series.
class svg_chart {
 public:
  svg_chart(std::string title, equal_bins bins)
      : title_(std::move(title)), bins_(std::move(bins)) {}

  void add(const svg_series& series) {
    series_.push_back(series);
    most_ = std::max(most_, largest(series.counts));
  }

  /// Marks `numbers` on the horizontal axis, instead of round ones.
  void mark(std::vector<double> numbers) { marks_ = std::move(numbers); }

  /// What the horizontal axis shows.
  void name_axis(std::string name) { horizontal_ = std::move(name); }

  /// The whole file.
  std::string text() const {
    std::string drawn = fmt::format(
        R"(<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {0} {1}" width="{0}" height="{1}" )"
        R"(font-family="sans-serif" font-size="13" fill="#333">)"
        "\n"
        R"(<rect width="{0}" height="{1}" fill="white"/>)"
        "\n"
        R"(<text x="{2}" y="26" font-size="16">{3}</text>)"
        "\n",
        width,
        height,
        left,
        drawing::escaped_for_xml(title_));
    drawn += grid();
    for (const svg_series& series : series_) drawn += area(series);
    drawn += axis();
    drawn += legend();
    return drawn + "</svg>\n";
  }

 private:
  static constexpr double width = 800;
  static constexpr double height = 420;
  static constexpr double left = 70;
  static constexpr double right = 780;
  static constexpr double top = 44;
  static constexpr double bottom = 366;

  double x(double value) const {
    return left + (right - left) * (value - bins_.low()) / (bins_.high() - bins_.low());
  }

  double y(double count) const {
    return bottom - (bottom - top) * count / static_cast<double>(std::max<std::uint64_t>(1, most_));
  }

  std::string grid() const {
    std::string drawn;
    for (const double count :
         drawing::round_numbers(0, static_cast<double>(std::max<std::uint64_t>(1, most_)))) {
      if (count != std::floor(count)) continue;
      drawn += fmt::format(
          R"(<path d="M{} {:.1f}H{}" stroke="#ddd"/><text x="{}" y="{:.1f}" text-anchor="end">{}</text>)"
          "\n",
          left,
          y(count),
          right,
          left - 8,
          y(count) + 4.5,
          short_number(count));
    }
    return drawn;
  }

  std::string area(const svg_series& series) const {
    std::string path = fmt::format("M{:.2f} {:.2f}", x(bins_.low()), bottom);
    for (std::uint32_t bin = 0; bin < bins_.n(); ++bin) {
      path += fmt::format(
          "V{:.2f}H{:.2f}", y(static_cast<double>(series.counts[bin])), x(bins_.edges[bin + 1]));
    }
    return fmt::format(
        R"(<path d="{0}V{1:.2f}Z" fill="{2}" fill-opacity="0.25" stroke="{2}" stroke-width="1.2"/>)"
        "\n",
        path,
        bottom,
        series.colour);
  }

  std::string axis() const {
    std::string drawn = fmt::format(R"(<path d="M{} {}H{}" stroke="#333"/>)"
                                    "\n",
                                    left,
                                    bottom,
                                    right);
    const auto numbers =
        marks_.empty() ? drawing::round_numbers(bins_.low(), bins_.high()) : marks_;
    for (const double number : numbers) {
      drawn += fmt::format(
          R"(<path d="M{0:.2f} {1}v5" stroke="#333"/><text x="{0:.2f}" y="{2}" text-anchor="middle">{3:.10g}</text>)"
          "\n",
          x(number),
          bottom,
          bottom + 20,
          number);
    }
    return drawn + fmt::format(R"(<text x="{}" y="{}" text-anchor="middle">{}</text>)"
                               "\n",
                               (left + right) / 2,
                               bottom + 42,
                               drawing::escaped_for_xml(horizontal_));
  }

  std::string legend() const {
    constexpr double step = 72;
    std::string drawn;
    double at = right - step * static_cast<double>(series_.size());
    for (const svg_series& series : series_) {
      if (series.name.empty()) continue;
      drawn += fmt::format(
          R"(<rect x="{}" y="16" width="12" height="12" fill="{}"/><text x="{}" y="26">{}</text>)"
          "\n",
          at,
          series.colour,
          at + 17,
          drawing::escaped_for_xml(series.name));
      at += step;
    }
    return drawn;
  }

  std::string title_;
  std::string horizontal_;
  equal_bins bins_;
  std::vector<svg_series> series_;
  std::vector<double> marks_;
  std::uint64_t most_ = 0;
};

}  // namespace histogram
