// SPDX-License-Identifier: MIT
#pragma once

#include "mapreduce/distinct_words.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <vector>

namespace bench {

/// Writes words to a file, a mebibyte at a time.
class text_writer {
 public:
  explicit text_writer(std::FILE* file) : file_(file), buffer_(capacity + sizeof(word)) {}

  void add(const word& one, char separator) {
    char* const target = buffer_.data() + n_held_;
    std::memcpy(target, one.letters.data(), one.letters.size());
    target[one.length] = separator;
    n_held_ += one.n_bytes();
    n_letters_ += one.length;
    ++n_words_;
    if (n_held_ >= capacity) write();
  }

  void end_line() {
    buffer_[n_held_++] = '\n';
    if (n_held_ >= capacity) write();
  }

  /// Throws: std::runtime_error where not all could be written.
  void finish() {
    write();
    if (std::fflush(file_) != 0) throw std::runtime_error("writing failed");
  }

  std::uint64_t n_words() const { return n_words_; }

  double mean_length() const {
    return n_words_ == 0 ? 0 : static_cast<double>(n_letters_) / static_cast<double>(n_words_);
  }

 private:
  static constexpr std::size_t capacity = 1U << 20U;

  void write() {
    if (std::fwrite(buffer_.data(), 1, n_held_, file_) != n_held_)
      throw std::runtime_error("writing failed");
    n_held_ = 0;
  }

  std::FILE* file_;
  std::vector<char> buffer_;
  std::size_t n_held_ = 0;
  std::uint64_t n_words_ = 0;
  std::uint64_t n_letters_ = 0;
};

}  // namespace bench
