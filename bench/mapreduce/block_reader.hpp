// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/readers/detail/separators.hpp>

#include "mapreduce/pread_file.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <utility>
#include <vector>

namespace bench {

/// Gives the words that begin in a block to `found(text, n)`.
class block_reader {
 public:
  static constexpr std::size_t block_bytes = std::size_t{256} << 10U;

  template <class Found>
  void read(const pread_file& file, std::uint64_t offset, Found found) {
    const std::size_t n = read_to_a_words_end(file, offset);
    // Spaces behind the text end its last word.
    std::memset(text_ + n, ' ', 2 * mask_bits);
    const std::size_t n_masks = n / mask_bits + 1;
    masks_.resize(n_masks);
    rankwise::detail::mark_blanks(text_, n_masks, masks_.data());
    bool is_in_word = offset != 0 && !is_space(text_[-1]);
    const char* begin = is_in_word ? nullptr : text_;  // none: another block has its begin
    for (std::size_t i = 0; i < n_masks; ++i) {
      const std::uint64_t before = masks_[i] << 1U | (is_in_word ? 0 : 1);
      const char* const piece = text_ + i * mask_bits;
      std::uint64_t begins = ~masks_[i] & before;
      for (std::uint64_t ends = masks_[i] & ~before; ends != 0; ends &= ends - 1) {
        if (!is_in_word) {
          begin = piece + std::countr_zero(begins);
          begins &= begins - 1;
        }
        const char* const end = piece + std::countr_zero(ends);
        if (begin != nullptr) found(begin, static_cast<std::size_t>(end - begin));
        is_in_word = false;
      }
      if (masks_[i] >> 63U == 0) {
        if (begins != 0) begin = piece + std::countr_zero(begins);
        is_in_word = true;
      } else {
        is_in_word = false;
      }
    }
  }

 private:
  static constexpr std::size_t mask_bits = 64;
  static constexpr std::size_t page_bytes = 4096;

  static bool is_space(char byte) { return byte == ' ' || (byte >= '\t' && byte <= '\r'); }

  static std::size_t read_some(const pread_file& file,
                               std::uint64_t offset,
                               char* target,
                               std::size_t n) {
    return file.read(offset, {reinterpret_cast<unsigned char*>(target), n}).size();
  }

  struct free_memory {
    void operator()(char* place) const { std::free(place); }
  };

  /// Reads the block and the byte before it, and on to the end of the word that is open at its end.
  std::size_t read_to_a_words_end(const pread_file& file, std::uint64_t offset) {
    make_room(block_bytes, 0);
    if (offset != 0) read_some(file, offset - 1, text_ - 1, 1);
    std::size_t n = read_some(file, offset, text_, block_bytes);
    while (n >= block_bytes && !is_space(text_[n - 1])) {
      make_room(n + page_bytes, n);
      const std::size_t more = read_some(file, offset + n, text_ + n, page_bytes);
      if (more == 0) break;
      char* const space = std::find_if(text_ + n, text_ + n + more, is_space);
      n += more;
      if (space != text_ + n) return static_cast<std::size_t>(space - text_);
    }
    return n;
  }

  /// Room for `n` bytes, of which the first `n_kept` stay. The text begins at a page's border: the
  /// system copies faster to there.
  void make_room(std::size_t n, std::size_t n_kept) {
    if (n <= capacity_) return;
    capacity_ = (n + n / 2) / page_bytes * page_bytes;
    const std::size_t n_bytes = capacity_ + 2 * page_bytes;
    std::unique_ptr<char, free_memory> memory(
        static_cast<char*>(std::aligned_alloc(page_bytes, n_bytes)));
    if (!memory) throw std::bad_alloc();
    char* const text = memory.get() + page_bytes;
    if (n_kept != 0) std::memcpy(text - 1, text_ - 1, n_kept + 1);
    memory_ = std::move(memory);
    text_ = text;
  }

  std::unique_ptr<char, free_memory> memory_;
  std::size_t capacity_ = 0;
  char* text_ = nullptr;
  std::vector<std::uint64_t> masks_;
};

}  // namespace bench
