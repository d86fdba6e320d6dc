// SPDX-License-Identifier: MIT
#pragma once

#include "mapreduce/contender.hpp"
#include "support/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

namespace bench {

/// What each combiner saves: time, bytes between ranks, and memory, in one table.
class combiner_table {
 public:
  /// A word_count that was run; `start_up_s` is taken off its times.
  void add(const std::string& text, const contender& one, double start_up_s) {
    const auto option = std::find(one.what.begin(), one.what.end(), "--combiner");
    const auto megabytes = [&one](const char* member) {
      return 1e-6 * median(one.numbers(member));
    };
    rows_.push_back({.text = text,
                     .combiner = option == one.what.end() ? "linear" : *(option + 1),
                     .seconds = median(one.seconds(start_up_s)),
                     .shuffled_mb = megabytes("bytes_shuffled"),
                     .tables_mb = megabytes("most_memory_bytes"),
                     .peak_mib = one.peak_mib()});
  }

  void print() const {
    if (rows_.empty()) return;
    constexpr const char* layout = "{:<14} {:<10} {:>8} {:>12} {:>18} {:>20}\n";
    fmt::print("\nWhat combiners save\n");
    fmt::print(layout, "", "", "time/s", "shuffled/MB", "tables, a rank/MB", "process, a rank/MiB");
    for (const line& one : rows_)
      fmt::print(layout,
                 one.text,
                 one.combiner,
                 fmt::format("{:.2f}", one.seconds),
                 fmt::format("{:.1f}", one.shuffled_mb),
                 fmt::format("{:.1f}", one.tables_mb),
                 fmt::format("{:.0f}", one.peak_mib));
    std::fflush(stdout);
  }

 private:
  struct line {
    std::string text;
    std::string combiner;
    double seconds;
    double shuffled_mb;
    double tables_mb;
    double peak_mib;
  };

  std::vector<line> rows_;
};

}  // namespace bench
