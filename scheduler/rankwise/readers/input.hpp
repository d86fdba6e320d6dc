// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/readers/byte_source.hpp>
#include <rankwise/readers/detail/memory_source.hpp>
#include <rankwise/readers/open_file.hpp>
#include <rankwise/readers/split.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

namespace rankwise {

/// A split that is open: a mapper reads its records from it.
class input {
 public:
  /// Opens the records that begin in [first, last) of `source`.
  input(std::unique_ptr<byte_source> source, std::uint64_t first, std::uint64_t last)
      : source_(std::move(source)), first_(first), last_(last) {}

  /// Opens a split of a file that this host has.
  static input open(const split& part) { return {open_file(part), part.first, part.last}; }

  /// Opens a whole text in memory.
  static input of_text(std::string text) {
    return {std::make_unique<memory_source>("text", std::move(text)), 0, split::to_the_end};
  }

  /// The name of the file, for messages.
  const std::string& name() const { return source_->name(); }

  std::uint64_t first() const { return first_; }

  std::uint64_t last() const { return last_; }

  byte_source& source() { return *source_; }

 private:
  std::unique_ptr<byte_source> source_;
  std::uint64_t first_;
  std::uint64_t last_;
};

}  // namespace rankwise
