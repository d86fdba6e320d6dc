// SPDX-License-Identifier: MIT
#pragma once

#include "mapreduce/contender.hpp"
#include "mapreduce/word_sums.hpp"
#include "support/command.hpp"
#include "support/json_lines.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

namespace bench {

/// The checksum in what a baseline printed.
inline std::uint64_t checksum_in(std::string_view output) {
  const std::optional<nlohmann::json> text = json_value(output, "checksum");
  return text ? std::stoull(text->get<std::string>(), nullptr, 16) : 0;
}

inline std::uint64_t checksum_of(const contender& one) {
  return checksum_in(one.runs.front().output);
}

/// What a baseline printed of the words that it counted.
inline word_sums sums_in(std::string_view output) {
  const auto whole = [&](const char* member) {
    return static_cast<std::uint64_t>(json_number(output, member).value());
  };
  return {.distinct = whole("distinct"), .total = whole("words"), .checksum = checksum_in(output)};
}

/// What the files in `directory` come to, whose lines are a count, a tab and a word.
inline word_sums sums_of_parts(const std::filesystem::path& directory) {
  word_sums sums;
  std::string line;
  for (const auto& part : std::filesystem::directory_iterator(directory)) {
    std::ifstream file(part.path(), std::ios::binary);
    while (std::getline(file, line)) {
      std::uint64_t count = 0;
      const char* const end = line.data() + line.size();
      const auto [stopped, error] = std::from_chars(line.data(), end, count);
      if (error != std::errc() || stopped == end || *stopped != '\t')
        throw std::runtime_error(part.path().string() + ": found the line \"" + line + "\"");
      sums.add({stopped + 1, end}, count);
    }
  }
  return sums;
}

/// The counts in lines of JSON or of count, tab, word, one after the other.
inline std::string counts_in(std::string_view lines) {
  std::string counts;
  while (!lines.empty()) {
    std::string_view line = lines.substr(0, lines.find('\n'));
    lines.remove_prefix(std::min(line.size() + 1, lines.size()));
    if (const std::optional<nlohmann::json> count = json_value(line, "count")) {
      counts += count->dump() + '\n';
      continue;
    }
    if (const std::size_t n = line.find_first_not_of("0123456789"); n != 0)
      counts.append(line.substr(0, n)) += '\n';
  }
  return counts;
}

/// Of the lists "red", "green" and "blue" that histogram prints: the sum of count * (bin + 1),
/// where bins go on from colour to colour.
inline std::uint64_t histogram_checksum(const std::string& output) {
  std::uint64_t sum = 0;
  std::uint64_t bin = 0;
  for (const char* const colour : {"red", "green", "blue"}) {
    const std::optional<nlohmann::json> counts = json_value(output, colour);
    if (!counts) throw std::runtime_error("histogram printed: " + output);
    for (const nlohmann::json& count : *counts) sum += count.get<std::uint64_t>() * ++bin;
  }
  return sum;
}

/// Whether two doubles that were computed in two ways are as one; 12 digits were printed.
inline bool nearly_same(std::optional<double> found, double expected) {
  return found && std::abs(*found - expected) <= 1e-10 * std::abs(expected);
}

}  // namespace bench
