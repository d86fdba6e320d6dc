// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <utility>

namespace rankwise::engine {

/// A table that one thread at a time adds to, while others use elements that they know of: nothing
/// moves.
template <class Element>
class growing_table {
 public:
  growing_table() = default;
  growing_table(const growing_table&) = delete;
  growing_table& operator=(const growing_table&) = delete;
  growing_table(growing_table&&) = delete;
  growing_table& operator=(growing_table&&) = delete;

  ~growing_table() {
    for (const std::atomic<Element*>& block : blocks_) delete[] block.load();
  }

  /// As whoever adds to it sees it.
  std::size_t size() const { return size_; }

  void push_back(Element element) {
    const place at = place_of(size_);
    if (at.row == 0)
      blocks_[at.block].store(new Element[at.block_size()], std::memory_order_release);
    (*this)[size_++] = std::move(element);
  }

  Element& operator[](std::size_t index) const {
    const place at = place_of(index);
    return blocks_[at.block].load(std::memory_order_acquire)[at.row];
  }

 private:
  /// Each block is twice as long as the one before.
  struct place {
    std::size_t block;
    std::size_t row;

    std::size_t block_size() const { return std::size_t{1} << block; }
  };

  static place place_of(std::size_t index) {
    const auto block = static_cast<std::size_t>(std::bit_width(index + 1) - 1);
    return {block, index + 1 - (std::size_t{1} << block)};
  }

  std::array<std::atomic<Element*>, 64> blocks_{};
  std::size_t size_ = 0;
};

}  // namespace rankwise::engine
