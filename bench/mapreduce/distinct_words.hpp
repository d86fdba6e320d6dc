// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/random.hpp>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace bench {

/// A word as text is made of it.
struct word {
  std::array<char, 15> letters{};
  std::uint8_t length = 0;  ///< at most 13

  std::uint64_t n_bytes() const { return length + 1U; }  ///< with the separator after it
};

/// A number from 0 to 2^64 - 1.
inline std::uint64_t random_64(rankwise::random_stream& random) {
  const std::uint64_t high = random();
  return high << 32U | random();
}

/// A random lower-case word: 3 letters, and one more for each of ten coins that shows heads. So it
/// has 3 to 13, and 8 on average.
inline word random_word(rankwise::random_stream& random) {
  constexpr std::uint32_t ten_coins = 0x3FF;
  word made;
  made.length = static_cast<std::uint8_t>(3 + std::popcount(random() & ten_coins));
  std::uint64_t rest = random_64(random);
  for (std::size_t i = 0; i < made.length; ++i, rest /= 26)
    made.letters.at(i) = static_cast<char>('a' + rest % 26);
  return made;
}

/// Words as numbers, to see which were there before; 13 letters are less than 2^64.
class word_set {
 public:
  /// Shapes: up to `n` words go in.
  explicit word_set(std::size_t n)
      : n_bits_(static_cast<unsigned int>(std::bit_width(2 * n))),
        codes_(std::size_t{1} << n_bits_) {}

  /// Whether `one` was not there, and now is.
  bool insert(const word& one) {
    std::uint64_t code = 0;
    for (std::size_t i = 0; i < one.length; ++i)
      code = code * 27 + static_cast<std::uint64_t>(one.letters.at(i) - 'a' + 1);
    constexpr std::uint64_t golden_ratio = 0x9E3779B97F4A7C15;
    std::size_t slot = code * golden_ratio >> (64U - n_bits_);
    while (codes_[slot] != 0 && codes_[slot] != code) slot = (slot + 1) % codes_.size();
    if (codes_[slot] == code) return false;
    codes_[slot] = code;
    return true;
  }

 private:
  unsigned int n_bits_;
  std::vector<std::uint64_t> codes_;  ///< 0: free
};

/// `n` words, no two of them alike; their lengths do not depend on their places.
inline std::vector<word> distinct_words(std::size_t n, rankwise::random_stream& random) {
  word_set seen(n);
  std::vector<word> words;
  words.reserve(n);
  while (words.size() < n) {
    const word one = random_word(random);
    if (seen.insert(one)) words.push_back(one);
  }
  return words;
}

}  // namespace bench
