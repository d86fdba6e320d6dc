// SPDX-License-Identifier: MIT
#pragma once

#include "drawing/axis.hpp"
#include "drawing/svg.hpp"
#include "mobilenet/commands/comparison.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mobilenet {

namespace detail {

/// Bars that lie one below the other, each with a name at its left and a text at its end.
class bar_panel {
 public:
  struct bar {
    std::string name;
    double length = 0;
    std::string text;
    std::string_view colour;
    double reference = 0;  ///< marked by a line across the bar; 0: none
  };

  bar_panel(std::string title, double top) : title_(std::move(title)), top_(top) {}

  void add(bar added) { bars_.push_back(std::move(added)); }

  double bottom() const { return last() + axis_height; }

  void draw(drawing::svg& drawn) const {
    drawn.text({margin, top_ + 16}, title_, {.is_bold = true});
    const drawing::axis lengths = this->lengths();
    for (const double number : lengths.round_numbers()) {
      const double x = lengths.place(number);
      drawn.line({x, first()}, {x, last()}, "#ddd");
      drawn.text(
          {x, last() + 16}, fmt::format("{:g}", number), {.at = anchor::middle, .colour = "#666"});
    }
    double y = first();
    for (const bar& row : bars_) {
      const double x = lengths.place(row.length);
      const double mark = lengths.place(row.reference);
      drawn.text({left - 8, y + 17}, row.name, {.at = anchor::end});
      drawn.rectangle({left, y + 3}, x - left, bar_step - 6, row.colour);
      drawn.text({std::max(x, mark) + 6, y + 17}, row.text);
      if (row.reference > 0) drawn.line({mark, y + 1}, {mark, y + bar_step - 1}, "#222", 2);
      y += bar_step;
    }
  }

  static constexpr double width = 860;
  static constexpr double margin = 20;

 private:
  using anchor = drawing::text_style::anchor;

  static constexpr double left = 190;
  static constexpr double right = 690;
  static constexpr double title_height = 28;
  static constexpr double bar_step = 26;
  static constexpr double axis_height = 38;

  double first() const { return top_ + title_height; }

  double last() const { return first() + bar_step * static_cast<double>(bars_.size()); }

  drawing::axis lengths() const {
    double most = 0;
    for (const bar& row : bars_) most = std::max({most, row.length, row.reference});
    return {0, most > 0 ? most : 1, left, right};
  }

  std::string title_;
  double top_;
  std::vector<bar> bars_;
};

}  // namespace detail

/// Throughput with what was expected, latency and memory as bars: the contents of an SVG file.
inline std::string comparison_chart(const comparison& rows, const std::string& title) {
  constexpr std::string_view rate_colour = "#4477aa";
  constexpr std::string_view latency_colour = "#cc6677";
  constexpr std::string_view memory_colour = "#999933";
  constexpr double first = 48;
  detail::bar_panel rates("images a second (line: expected by the plan)", first);
  for (const comparison_row& row : rows) {
    if (!row.missing.empty()) {
      rates.add({row.name, 0, row.missing, rate_colour, 0});
      continue;
    }
    rates.add({row.name,
               row.rate,
               fmt::format("{:.0f} ({:.2f} x)", row.rate, speed_up(rows, row)),
               rate_colour,
               row.expected_rate});
  }
  detail::bar_panel latencies("latency, ms: median (line: 95 %)", rates.bottom());
  for (const comparison_row& row : rows) {
    if (!row.missing.empty()) continue;
    latencies.add({row.name,
                   row.p50_s * 1e3,
                   fmt::format("{:.1f}, {:.1f}", row.p50_s * 1e3, row.p95_s * 1e3),
                   latency_colour,
                   row.p95_s * 1e3});
  }
  detail::bar_panel memory("memory for the model, MB: of the rank with the most",
                           latencies.bottom());
  for (const comparison_row& row : rows) {
    if (!row.missing.empty()) continue;
    memory.add({row.name,
                static_cast<double>(row.most_memory_bytes) / 1e6,
                fmt::format("{:.1f} ({:.1f} in all)",
                            static_cast<double>(row.most_memory_bytes) / 1e6,
                            static_cast<double>(row.all_memory_bytes) / 1e6),
                memory_colour,
                0});
  }
  drawing::svg drawn(detail::bar_panel::width, memory.bottom() + 8, title);
  drawn.text({detail::bar_panel::margin, 30}, title, {.size = 17});
  rates.draw(drawn);
  latencies.draw(drawn);
  memory.draw(drawn);
  return drawn.file();
}

}  // namespace mobilenet
