// SPDX-License-Identifier: MIT
#pragma once

#include "histogram/equal_bins.hpp"
#include "histogram/pixel_counts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace histogram {

/// Eighths of a character cell.
struct bar_style {
  std::array<std::string_view, 9> from_below;  ///< filled from below
  std::array<std::string_view, 9> from_left;   ///< filled from the left
};

inline constexpr bar_style block_bars{{" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"},
                                      {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"}};
inline constexpr bar_style ascii_bars{{" ", ".", ".", ".", ":", ":", ":", "#", "#"},
                                      {"", ".", ".", ".", ":", ":", ":", ":", "#"}};

/// What the locale's characters can draw, by its name: UTF-8 or not.
inline const bar_style& bars_of_locale(std::string name) {
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char letter) {
    return static_cast<char>(std::tolower(letter));
  });
  const bool is_utf_8 =
      name.find("utf-8") != std::string::npos || name.find("utf8") != std::string::npos;
  return is_utf_8 ? block_bars : ascii_bars;
}

/// The locale of this process's characters. Source: POSIX, "Internationalization variables".
inline std::string locale_of_environment() {
  for (const char* const variable : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* const value = std::getenv(variable);
    if (value != nullptr && *value != '\0') return value;
  }
  return "C";
}

/// How many eighths of `cells` cells `count` fills where `most` fills all; only 0 fills none.
inline std::uint64_t eighths(std::uint64_t count, std::uint64_t most, std::uint64_t cells) {
  if (count == 0) return 0;
  const double share = static_cast<double>(count) / static_cast<double>(most);
  return std::max<std::uint64_t>(
      1, static_cast<std::uint64_t>(share * 8 * static_cast<double>(cells)));
}

/// A bar to the right.
inline std::string bar(std::uint64_t count,
                       std::uint64_t most,
                       std::uint64_t cells,
                       const bar_style& style = block_bars) {
  const std::uint64_t filled = eighths(count, most, cells);
  std::string text;
  for (std::uint64_t cell = 0; cell < filled / 8; ++cell) text += style.from_left[8];
  return text.append(style.from_left[filled % 8]);
}

inline std::uint64_t largest(std::span<const std::uint64_t> counts) {
  return counts.empty() ? 0 : *std::max_element(counts.begin(), counts.end());
}

/// One line a bin, of at most 80 characters. Edges are printed as the shortest text that is read
/// back as the same number.
inline std::string bin_bars(const equal_bins& bins,
                            std::span<const std::uint64_t> counts,
                            const bar_style& style = block_bars) {
  std::vector<std::string> labels;
  std::size_t label_width = 0;
  std::size_t count_width = 0;
  for (std::uint32_t bin = 0; bin < bins.n(); ++bin) {
    labels.push_back(fmt::format(
        "[{}, {}{}", bins.edges[bin], bins.edges[bin + 1], bin + 1 == bins.n() ? "]" : ")"));
    label_width = std::max(label_width, labels.back().size());
    count_width = std::max(count_width, fmt::formatted_size("{}", counts[bin]));
  }
  constexpr std::size_t line_width = 80;
  const std::size_t cells = line_width - label_width - count_width - 4;
  std::string text;
  for (std::uint32_t bin = 0; bin < bins.n(); ++bin) {
    const std::string shown = bar(counts[bin], largest(counts), cells, style);
    text += fmt::format("{:<{}}  {:>{}}{}{}\n",
                        labels[bin],
                        label_width,
                        counts[bin],
                        count_width,
                        shown.empty() ? "" : "  ",
                        shown);
  }
  return text;
}

/// 1.5M for 1500000.
inline std::string short_number(double number) {
  constexpr std::array<std::string_view, 5> prefixes{"", "k", "M", "G", "T"};
  std::size_t thousands = 0;
  for (; number >= 1000 && thousands + 1 < prefixes.size(); ++thousands) number /= 1000;
  return fmt::format("{:.4g}{}", number, prefixes.at(thousands));
}

/// The names of the colours, in the order of the bins.
inline constexpr std::array<std::string_view, 3> colour_names{"red", "green", "blue"};

/// The 256 bins of one colour.
inline std::span<const std::uint64_t> bins_of_colour(std::span<const std::uint64_t> bins,
                                                     std::size_t colour) {
  return bins.subspan(colour * 256, 256);
}

/// What the values of one colour come to.
struct colour_figures {
  std::uint64_t pixels = 0;
  double mean = 0;
  std::size_t most_frequent = 0;
};

inline colour_figures figures_of(std::span<const std::uint64_t> counts) {
  colour_figures figures;
  double sum = 0;
  for (std::size_t value = 0; value < counts.size(); ++value) {
    figures.pixels += counts[value];
    sum += static_cast<double>(value) * static_cast<double>(counts[value]);
    if (counts[value] > counts[figures.most_frequent]) figures.most_frequent = value;
  }
  if (figures.pixels > 0) figures.mean = sum / static_cast<double>(figures.pixels);
  return figures;
}

/// A picture of each colour in 80 columns: 64 bars of 4 values each, all on one scale.
///
/// Shapes: bins is [n_colour_bins].
inline std::string colour_bars(std::span<const std::uint64_t> bins,
                               const bar_style& style = block_bars) {
  constexpr std::size_t n_bars = 64;
  constexpr std::uint64_t height = 6;
  std::array<std::uint64_t, 3 * n_bars> bars{};
  for (std::size_t bin = 0; bin < bins.size(); ++bin) bars[bin / 4] += bins[bin];
  const std::uint64_t most = largest(bars);
  std::string text;
  for (std::size_t colour = 0; colour < 3; ++colour) {
    const std::span<const std::uint64_t> counts = bins_of_colour(bins, colour);
    const colour_figures figures = figures_of(counts);
    text += fmt::format("{}: mean {:.2f}, most often {} ({} times)\n",
                        colour_names[colour],
                        figures.mean,
                        figures.most_frequent,
                        counts[figures.most_frequent]);
    for (std::uint64_t row = height; row-- > 0;) {
      text +=
          fmt::format("{:>8} |", row + 1 == height ? short_number(static_cast<double>(most)) : "");
      for (std::size_t i = 0; i < n_bars; ++i) {
        const std::uint64_t filled = eighths(bars[colour * n_bars + i], most, height);
        text += style.from_below[std::clamp<std::uint64_t>(filled, row * 8, row * 8 + 8) - row * 8];
      }
      text += "|\n";
    }
    text += fmt::format("{:>8} 0{:>17}{:>16}{:>16}{:>16}\n", "", 64, 128, 192, 255);
  }
  return text;
}

}  // namespace histogram
