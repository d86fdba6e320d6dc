// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/random.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace fuzz {

/// What all inputs are made from: the files of a folder of test/fuzz/corpus.
inline std::vector<std::string> corpus(const char* folder) {
  std::set<std::filesystem::path> files;  // in one order everywhere
  for (const auto& entry :
       std::filesystem::directory_iterator(std::filesystem::path(RANKWISE_CORPUS) / folder))
    files.insert(entry.path());
  std::vector<std::string> texts;
  for (const std::filesystem::path& file : files) {
    std::ifstream in(file, std::ios::binary);
    texts.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  }
  return texts;
}

/// One of `texts` with a few changes: bytes flipped, overwritten with numbers at the borders of
/// their types, taken out, doubled, or a piece of another text put in.
inline std::string changed(const std::vector<std::string>& texts, rankwise::random_stream& chance) {
  const auto below = [&chance](std::size_t n) { return n == 0 ? 0 : chance() % n; };
  std::string text = texts[below(texts.size())];
  const std::size_t n_changes = 1 + below(8);
  for (std::size_t i = 0; i < n_changes; ++i) {
    const std::size_t at = below(text.size() + 1);
    const std::size_t n = below(std::min<std::size_t>(text.size() - at, 40) + 1);
    switch (below(6)) {
      case 0:
        if (at < text.size()) text[at] = static_cast<char>(text[at] ^ (1 << below(8)));
        break;
      case 1:
        if (at < text.size()) text[at] = static_cast<char>(below(256));
        break;
      case 2:
        text.erase(at, n);
        break;
      case 3:
        text.insert(at, text.substr(at, n));
        break;
      case 4: {
        const std::string& other = texts[below(texts.size())];
        const std::size_t from = below(other.size() + 1);
        text.insert(at, other.substr(from, below(60)));
        break;
      }
      default: {
        constexpr std::array<std::uint64_t, 8> borders{
            0, 1, 0x7f, 0xffff, 0x7fffffff, 0xffffffff, 0x7fffffffffffffff, 0xffffffffffffffff};
        const std::uint64_t number = borders[below(borders.size())];
        const std::size_t width = std::size_t{1} << below(4);
        for (std::size_t byte = 0; byte < width && at + byte < text.size(); ++byte)
          text[at + byte] = static_cast<char>(number >> (8 * byte));
      }
    }
  }
  return text;
}

/// Calls `use(input number, random stream)` for 2,000 inputs, or for RANKWISE_TEST_FUZZ_S seconds.
/// Inputs follow from RANKWISE_TEST_SEED (1) and their number, which is printed now and then in a
/// long run, so that one that crashes the test can be found again.
template <class Use>
std::uint64_t run(Use use, std::uint64_t n_usual = 2000) {
  const auto number_in = [](const char* variable) {
    const char* const text = std::getenv(variable);
    return text == nullptr ? 0 : std::strtoull(text, nullptr, 10);
  };
  const std::uint64_t seed = std::max<std::uint64_t>(1, number_in("RANKWISE_TEST_SEED"));
  const std::uint64_t seconds = number_in("RANKWISE_TEST_FUZZ_S");
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
  std::uint64_t n = 0;
  const auto goes_on = [&] {
    return seconds == 0 ? n < n_usual : std::chrono::steady_clock::now() < end;
  };
  for (; goes_on(); ++n) {
    if (seconds != 0 && n % 10'000 == 0) fmt::print(stderr, "fuzz: seed {}, input {}\n", seed, n);
    rankwise::random_stream chance(seed, n);
    use(n, chance);
  }
  return n;
}

}  // namespace fuzz
