// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/text.hpp>

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

}  // namespace mobilenet
