// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/text.hpp>

#include "drawing/svg_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <vector>

namespace mobilenet {

/// What one way to spread a model has come to.
struct comparison_row {
  std::string name;
  std::string missing = {};  ///< why there are no figures; empty: there are
  std::size_t n_stages = 0;
  std::size_t n_ranks = 0;
  double rate = 0;  ///< images a second
  double expected_rate = 0;
  double p50_s = 0;  ///< latencies
  double p95_s = 0;
  std::uint64_t most_memory_bytes = 0;  ///< of the rank with the most
  std::uint64_t all_memory_bytes = 0;   ///< of all ranks
};

/// The rows of a comparison; the first one is what the others are compared with.
using comparison = std::vector<comparison_row>;

inline double speed_up(const comparison& rows, const comparison_row& row) {
  return rows.front().rate > 0 ? row.rate / rows.front().rate : 0;
}

inline std::string comparison_text(const comparison& rows) {
  std::size_t widest = 4;
  for (const comparison_row& row : rows) widest = std::max(widest, row.name.size());
  std::string text = fmt::format("{:<{}} {:>6} {:>5} {:>8} {:>8} {:>8} {:>8} {:>8} {:>11} {:>10}\n",
                                 "mode",
                                 widest,
                                 "stages",
                                 "ranks",
                                 "images/s",
                                 "expected",
                                 "speed-up",
                                 "p50, ms",
                                 "p95, ms",
                                 "MB on a rank",
                                 "MB in all");
  constexpr double as_ms = 1e3;
  constexpr double as_mb = 1e-6;
  for (const comparison_row& row : rows) {
    if (!row.missing.empty()) {
      fmt::format_to(
          std::back_inserter(text), "{:<{}} left out: {}\n", row.name, widest, row.missing);
      continue;
    }
    fmt::format_to(std::back_inserter(text),
                   "{:<{}} {:>6} {:>5} {:>8.1f} {:>8.1f} {:>8.2f} {:>8.1f} {:>8.1f} {:>12.1f} "
                   "{:>10.1f}\n",
                   row.name,
                   widest,
                   row.n_stages,
                   row.n_ranks,
                   row.rate,
                   row.expected_rate,
                   speed_up(rows, row),
                   row.p50_s * as_ms,
                   row.p95_s * as_ms,
                   static_cast<double>(row.most_memory_bytes) * as_mb,
                   static_cast<double>(row.all_memory_bytes) * as_mb);
  }
  return text;
}

/// A line of JSON for each row.
inline std::string comparison_json(const comparison& rows) {
  std::string text;
  for (const comparison_row& row : rows) {
    if (!row.missing.empty()) {
      fmt::format_to(std::back_inserter(text),
                     R"({{"mode":{},"missing":{}}})"
                     "\n",
                     rankwise::json_text(row.name),
                     rankwise::json_text(row.missing));
      continue;
    }
    fmt::format_to(
        std::back_inserter(text),
        R"({{"mode":{},"stages":{},"ranks":{},"images_per_s":{:.4f},"predicted_per_s":{:.4f},)"
        R"("speed_up":{:.4f},"p50_ms":{:.3f},"p95_ms":{:.3f},"most_memory_bytes":{},)"
        R"("memory_bytes":{}}})"
        "\n",
        rankwise::json_text(row.name),
        row.n_stages,
        row.n_ranks,
        row.rate,
        row.expected_rate,
        speed_up(rows, row),
        row.p50_s * 1e3,
        row.p95_s * 1e3,
        row.most_memory_bytes,
        row.all_memory_bytes);
  }
  return text;
}

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

  void add(bar one) { bars_.push_back(std::move(one)); }

  double bottom() const {
    return top_ + title_height + bar_step * static_cast<double>(bars_.size()) + axis_height;
  }

  std::string text() const {
    double most = 0;
    for (const bar& one : bars_) most = std::max({most, one.length, one.reference});
    if (most <= 0) most = 1;
    const auto x = [most](double length) { return left + (right - left) * length / most; };
    const double first = top_ + title_height;
    const double last = first + bar_step * static_cast<double>(bars_.size());
    std::string drawn = fmt::format(R"(<text x="{}" y="{}" font-weight="bold">{}</text>)"
                                    "\n",
                                    margin,
                                    top_ + 16,
                                    drawing::escaped_for_xml(title_));
    for (const double number : drawing::round_numbers(0, most))
      fmt::format_to(
          std::back_inserter(drawn),
          R"(<path d="M{0:.1f} {1}V{2}" stroke="#ddd"/><text x="{0:.1f}" y="{3}" fill="#666" )"
          R"(text-anchor="middle">{4:g}</text>)"
          "\n",
          x(number),
          first,
          last,
          last + 16,
          number);
    double y = first;
    for (const bar& one : bars_) {
      fmt::format_to(std::back_inserter(drawn),
                     R"(<text x="{0}" y="{1}" text-anchor="end">{2}</text>)"
                     R"(<rect x="{3}" y="{4}" width="{5:.1f}" height="{6}" fill="{7}"/>)"
                     R"(<text x="{8:.1f}" y="{1}">{9}</text>)"
                     "\n",
                     left - 8,
                     y + 17,
                     drawing::escaped_for_xml(one.name),
                     left,
                     y + 3,
                     x(one.length) - left,
                     bar_step - 6,
                     one.colour,
                     std::max(x(one.length), one.reference > 0 ? x(one.reference) : 0) + 6,
                     drawing::escaped_for_xml(one.text));
      if (one.reference > 0)
        fmt::format_to(std::back_inserter(drawn),
                       R"(<path d="M{:.1f} {}v{}" stroke="#222" stroke-width="2"/>)"
                       "\n",
                       x(one.reference),
                       y + 1,
                       bar_step - 2);
      y += bar_step;
    }
    return drawn;
  }

  static constexpr double width = 860;
  static constexpr double margin = 20;

 private:
  static constexpr double left = 190;
  static constexpr double right = 690;
  static constexpr double title_height = 28;
  static constexpr double bar_step = 26;
  static constexpr double axis_height = 38;

  std::string title_;
  double top_;
  std::vector<bar> bars_;
};

}  // namespace detail

/// Throughput with what was expected, latency and memory as bars.
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
  return fmt::format(
             R"(<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {0} {1}" width="{0}" )"
             R"(height="{1}" font-family="sans-serif" font-size="13" fill="#333" role="img">)"
             "\n<title>{2}</title>\n"
             R"(<rect width="{0}" height="{1}" fill="white"/>)"
             "\n"
             R"(<text x="{3}" y="30" font-size="17">{2}</text>)"
             "\n",
             detail::bar_panel::width,
             memory.bottom() + 8,
             drawing::escaped_for_xml(title),
             detail::bar_panel::margin) +
         rates.text() + latencies.text() + memory.text() + "</svg>\n";
}

}  // namespace mobilenet
