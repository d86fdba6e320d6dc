// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

// What separator_kernels.hpp does, in loops that a compiler turns into vector code for the machine
// that it compiles for.
namespace rankwise::detail::loops {

inline constexpr std::size_t mask_bits = 64;

/// One bit of each of 64 bytes that are 0 or 1.
inline std::uint64_t mask_of(const std::array<std::uint8_t, mask_bits>& flags) {
  // The factor brings the lowest bits of eight bytes together in the highest byte.
  constexpr std::uint64_t gather = 0x0102040810204080;
  std::uint64_t mask = 0;
  for (std::size_t i = 0; i < mask_bits; i += 8) {
    std::uint64_t eight = 0;
    for (std::size_t j = 0; j < 8; ++j) eight |= std::uint64_t{flags[i + j]} << (8 * j);
    mask |= (eight * gather) >> 56U << i;
  }
  return mask;
}

inline void mark_blanks(const char* text, std::size_t n_masks, std::uint64_t* masks) {
  for (std::size_t i = 0; i < n_masks; ++i, text += mask_bits) {
    std::array<std::uint8_t, mask_bits> flags;
    for (std::size_t j = 0; j < mask_bits; ++j) {
      const auto byte = static_cast<std::uint8_t>(text[j]);
      const auto from_tab = static_cast<std::uint8_t>(byte - '\t');
      flags[j] = static_cast<std::uint8_t>((byte == ' ') | (from_tab < 5));
    }
    masks[i] = mask_of(flags);
  }
}

inline void fold_letters(char* text, std::size_t n_masks, std::uint64_t* masks) {
  for (std::size_t i = 0; i < n_masks; ++i, text += mask_bits) {
    std::array<std::uint8_t, mask_bits> flags;
    for (std::size_t j = 0; j < mask_bits; ++j) {
      const auto lower = static_cast<std::uint8_t>(text[j] | 0x20);
      const bool is_letter = static_cast<std::uint8_t>(lower - 'a') < 26;
      text[j] = is_letter ? static_cast<char>(lower) : text[j];
      flags[j] = is_letter ? 0 : 1;
    }
    masks[i] = mask_of(flags);
  }
}

}  // namespace rankwise::detail::loops
