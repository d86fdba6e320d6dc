// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/readers/detail/record_limit.hpp>
#include <rankwise/readers/detail/text_window.hpp>
#include <rankwise/readers/input.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>

namespace rankwise::detail {

/// Goes through the lines that begin in an input's range.
class line_reader {
 public:
  /// `kind` is what messages call a line.
  line_reader(input& from, record_limit limit, const char* kind)
      : name_(&from.name()),
        kind_(kind),
        limit_(limit),
        last_(from.last()),
        // The byte before the range tells whether a line begins with it.
        text_(from, from.first() == 0 ? 0 : from.first() - 1) {
    if (from.first() != 0) skip_line();
  }

  /// Goes to the next line. False if there is none.
  bool next() {
    begin_ = next_;
    if (text_.offset_of(begin_) >= last_) return false;
    std::size_t n_searched = 0;
    while (!find_newline(begin_ + n_searched)) {
      n_searched = text_.size() - begin_;
      if (n_searched > limit_.bytes) refuse();
      const bool has_more = text_.read_more(begin_);
      begin_ = 0;
      if (!has_more) {
        end_ = next_ = n_searched;
        return n_searched != 0;
      }
    }
    if (end_ - begin_ > limit_.bytes) refuse();
    return true;
  }

  /// The line without its newline. It can be changed.
  std::span<char> line() { return {text_.data() + begin_, end_ - begin_}; }

  /// Where it begins in the source.
  std::uint64_t offset() const { return text_.offset_of(begin_); }

  const std::string& name() const { return *name_; }

 private:
  /// Goes behind the first newline of the range: what is before it belongs to an earlier one.
  void skip_line() {
    while (!find_newline(next_)) {
      next_ = text_.size();
      if (text_.is_past_range()) return;
      const bool has_more = text_.read_more(next_);
      next_ = 0;
      if (!has_more) return;
    }
  }

  /// Sets `end_` to the first newline from `index` on, and `next_` behind it. False if there is
  /// none.
  bool find_newline(std::size_t index) {
    if (index == text_.size()) return false;
    const char* const text = text_.data();
    const void* const found = std::memchr(text + index, '\n', text_.size() - index);
    if (found == nullptr) return false;
    end_ = static_cast<std::size_t>(static_cast<const char*>(found) - text);
    next_ = end_ + 1;
    return true;
  }

  [[noreturn]] void refuse() const { refuse_record(*name_, offset(), kind_, limit_); }

  const std::string* name_;
  const char* kind_;
  record_limit limit_;
  std::uint64_t last_;
  text_window text_;
  std::size_t begin_ = 0;  // of the line
  std::size_t end_ = 0;
  std::size_t next_ = 0;  // where the next line begins
};

}  // namespace rankwise::detail
