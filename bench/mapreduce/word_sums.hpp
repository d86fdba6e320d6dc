// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace bench {

/// 64-bit FNV-1a of the bytes of a word. Source: Fowler, Noll and Vo.
inline std::uint64_t fnv_1a(std::string_view word) {
  std::uint64_t hash = 0xCBF29CE484222325;
  for (const char byte : word) hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001B3;
  return hash;
}

/// What a word count came to, in whichever order its words were added: two that differ in a word or
/// in a count do not have the same `checksum`, but for one case in 2^64.
struct word_sums {
  std::uint64_t distinct = 0;
  std::uint64_t total = 0;
  std::uint64_t checksum = 0;  ///< sum over the words of fnv_1a(word) * count, modulo 2^64

  void add(std::string_view word, std::uint64_t count) {
    ++distinct;
    total += count;
    checksum += fnv_1a(word) * count;
  }

  bool operator==(const word_sums&) const = default;
};

}  // namespace bench
