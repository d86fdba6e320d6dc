// SPDX-License-Identifier: MIT
// The word count that a careful programmer writes for one thread: bench_absl_word_count absl|std
// FILE
//
// The text is in memory before the clock starts. A word is a run of bytes that are not white space
// in the C locale.
#include "mapreduce/word_sums.hpp"
#include "support/stopwatch.hpp"

#include <fmt/format.h>

#include <absl/container/flat_hash_map.h>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>

namespace {

bool is_space(char byte) {
  return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

template <class Map>
Map count_words(std::string_view text) {
  Map counts;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at != end) {
    if (is_space(*at)) {
      ++at;
      continue;
    }
    const char* const first = at;
    while (at != end && !is_space(*at)) ++at;
    ++counts[std::string_view(first, static_cast<std::size_t>(at - first))];
  }
  return counts;
}

template <class Map>
void measure(std::string_view text) {
  const bench::stopwatch clock;
  const Map counts = count_words<Map>(text);
  const double seconds = clock.seconds();
  bench::word_sums sums;
  for (const auto& [word, count] : counts) sums.add(word, count);
  fmt::print(R"({{"seconds":{:.6f},"mb_s":{:.1f},"distinct":{},"words":{},"checksum":"{:016x}"}})"
             "\n",
             seconds,
             1e-6 * static_cast<double>(text.size()) / seconds,
             sums.distinct,
             sums.total,
             sums.checksum);
}

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  std::string text(file ? static_cast<std::size_t>(file.tellg()) : 0, '\0');
  file.seekg(0);
  if (!file.read(text.data(), static_cast<std::streamsize>(text.size())))
    throw std::runtime_error(path + ": cannot read it");
  return text;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const std::string map = argc == 3 ? argv[1] : "";
    if (map == "absl") {
      measure<absl::flat_hash_map<std::string_view, std::uint64_t>>(read_file(argv[2]));
    } else if (map == "std") {
      measure<std::unordered_map<std::string_view, std::uint64_t>>(read_file(argv[2]));
    } else {
      throw std::runtime_error("accepted: absl|std FILE");
    }
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench_absl_word_count: {}\n", error.what());
    return 2;
  }
}
