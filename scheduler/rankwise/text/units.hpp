// SPDX-License-Identifier: MIT
#pragma once

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <string>

namespace rankwise::observe {

/// A span of time as people say it: "0.25 ms", "12 ms", "9.7 s", "3 min 05 s", "2 h 05 min".
inline std::string time_text(double seconds) {
  const double span = std::max(0.0, seconds);
  if (span == 0) return "0 s";
  if (span < 0.0095) return fmt::format("{:.2g} ms", span * 1e3);
  if (span < 0.9995) return fmt::format("{:.0f} ms", span * 1e3);
  if (span < 9.95) return fmt::format("{:.1f} s", span);
  if (span < 59.5) return fmt::format("{:.0f} s", span);
  const auto whole = static_cast<std::uint64_t>(std::llround(std::min(span, 1e15)));
  if (whole < 3600) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  const std::uint64_t minutes = (whole + 30) / 60;
  return fmt::format("{} h {:02} min", minutes / 60, minutes % 60);
}

/// Three digits and a unit: "0.25", "9.87", "103", "12.3 k", "4.56 M".
inline std::string amount_text(double amount) {
  constexpr std::array units{"", " k", " M", " G", " T"};
  std::size_t unit = 0;
  double shown = amount;
  while (shown >= 999.5 && unit + 1 < units.size()) {
    shown /= 1000;
    ++unit;
  }
  // Not %g: 999.6 T would be written with an exponent.
  const int decimals = shown >= 99.95 ? 0 : shown >= 9.995 ? 1 : 2;
  std::string text = fmt::format("{:.{}f}", shown, decimals);
  if (unit == 0 && text.find('.') != std::string::npos) {
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') text.pop_back();
  }
  return text + units[unit];
}

/// A number of bytes: "512 B", "9.4 MB"; units of 1000, as disks and networks have them.
inline std::string bytes_text(std::uint64_t n_bytes) {
  constexpr std::array units{"B", "kB", "MB", "GB", "TB"};
  double amount = static_cast<double>(n_bytes);
  std::size_t unit = 0;
  while (amount >= 999.5 && unit + 1 < units.size()) {
    amount /= 1000;
    ++unit;
  }
  return fmt::format("{:.{}f} {}", amount, unit == 0 || amount >= 99.95 ? 0 : 1, units[unit]);
}

/// "41.2 %"; never rounded up, so that 100.0 % means all.
inline std::string percent_text(double share) {
  return fmt::format("{:.1f} %", std::floor(std::clamp(share, 0.0, 1.0) * 1000 + 1e-9) / 10);
}

}  // namespace rankwise::observe
