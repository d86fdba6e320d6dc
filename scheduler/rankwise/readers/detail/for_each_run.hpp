// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/readers/detail/record_limit.hpp>
#include <rankwise/readers/detail/text_window.hpp>
#include <rankwise/readers/input.hpp>
#include <rankwise/readers/token.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace rankwise::detail {

/// Gives out the runs of bytes between separators that begin in an input's range.
///
/// `Mark` sets one bit for each separator: mark_blanks, fold_letters.
template <auto Mark, class Use>
class run_reader {
 public:
  run_reader(input& from, Use& use, record_limit limit)
      : name_(&from.name()),
        use_(&use),
        limit_(limit),
        is_at_begin_(from.first() == 0),
        // The byte before the range tells whether a run begins with it.
        text_(from, is_at_begin_ ? 0 : from.first() - 1) {}

  void read() {
    if (!is_at_begin_ && !skip_run()) return;
    do scan();
    while (!text_.is_past_range() && read_more());
    if (is_open_) finish_run();
  }

 private:
  static constexpr std::size_t mask_bits = 64;
  static constexpr std::size_t n_masks_a_piece = 64;
  static constexpr std::uint64_t all = ~std::uint64_t{0};

  /// Goes to the first separator of the range: what is before it belongs to an earlier one. False
  /// if there is none.
  bool skip_run() {
    while (!text_.is_past_range() && read_more()) {
      next_ = find_separator(next_);
      if (next_ != text_.size()) return true;
    }
    return false;
  }

  /// Gives out the runs that end in what has been read.
  void scan() {
    std::array<std::uint64_t, n_masks_a_piece> masks;
    while (next_ != text_.size()) {
      const std::size_t n_bytes = std::min(text_.size() - next_, n_masks_a_piece * mask_bits);
      const std::size_t n_masks = (n_bytes + mask_bits - 1) / mask_bits;
      char* const piece = text_.data() + next_;
      Mark(piece, n_masks, masks.data());
      if (n_bytes % mask_bits != 0) {
        // What is behind the end counts as more of the last byte.
        std::uint64_t& last = masks[n_masks - 1];
        const std::uint64_t behind = all << n_bytes % mask_bits;
        const bool is_separator = (last >> (n_bytes % mask_bits - 1) & 1U) != 0;
        last = is_separator ? last | behind : last & ~behind;
      }
      give_runs(piece, n_masks, masks.data());
      next_ += n_bytes;
    }
  }

  void give_runs(const char* piece, std::size_t n_masks, const std::uint64_t* masks) {
    const char* begin = text_.data() + begin_;  // of the run that is open, or comes next
    std::uint64_t is_outside = is_open_ ? 0 : 1;
    for (std::size_t i = 0; i < n_masks; ++i, piece += mask_bits) {
      const std::uint64_t separators = masks[i];
      const std::uint64_t before = separators << 1U | is_outside;
      std::uint64_t begins = ~separators & before;
      std::uint64_t ends = separators & ~before;
      const auto next_begin = [&] {
        begin = piece + std::countr_zero(begins);  // past the piece where there is none
        begins &= begins - 1;
      };
      if (is_outside != 0) next_begin();
      for (; ends != 0; ends &= ends - 1) {
        give(begin, piece + std::countr_zero(ends));
        next_begin();
      }
      is_outside = separators >> 63U;
    }
    is_open_ = is_outside == 0;
    begin_ = static_cast<std::size_t>(begin - text_.data());
  }

  /// Gives out the run that is open, and reads on to its end.
  void finish_run() {
    while (read_more()) {
      next_ = find_separator(next_);
      if (next_ != text_.size()) break;
    }
    give(text_.data() + begin_, text_.data() + next_);
  }

  /// The first separator from `index` on, or the text's size.
  std::size_t find_separator(std::size_t index) {
    for (; index < text_.size(); index += mask_bits) {
      std::uint64_t mask = 0;
      Mark(text_.data() + index, 1, &mask);
      if (mask != 0)
        return std::min(index + static_cast<std::size_t>(std::countr_zero(mask)), text_.size());
    }
    return text_.size();
  }

  /// Keeps the run that is open.
  bool read_more() {
    const std::size_t n_done = is_open_ ? begin_ : text_.size();
    if (text_.size() - n_done > limit_.bytes) refuse(begin_);
    next_ = text_.size() - n_done;
    begin_ = 0;
    return text_.read_more(n_done);
  }

  void give(const char* begin, const char* end) {
    const auto n_bytes = static_cast<std::size_t>(end - begin);
    if (n_bytes > limit_.bytes) refuse(static_cast<std::size_t>(begin - text_.data()));
    (*use_)(token(begin, n_bytes));
  }

  [[noreturn]] void refuse(std::size_t begin) const {
    refuse_record(*name_, text_.offset_of(begin), "word", limit_);
  }

  const std::string* name_;
  Use* use_;
  record_limit limit_;
  bool is_at_begin_;
  text_window text_;
  std::size_t next_ = 0;   // the first byte that has not been scanned
  std::size_t begin_ = 0;  // of the open run
  bool is_open_ = false;
};

}  // namespace rankwise::detail
