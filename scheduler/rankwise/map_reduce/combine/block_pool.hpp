// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>
#include <vector>

namespace rankwise::combine {

/// Memory in blocks of one size, which come from the system one by one, or many at a time: then
/// those that are given back stay here for the next ones.
class block_pool {
 public:
  /// A block takes 256 KiB at most.
  block_pool(std::size_t block_bytes, bool keeps_blocks)
      : block_bytes_(block_bytes), keeps_blocks_(keeps_blocks) {}

  std::size_t block_bytes() const { return block_bytes_; }

  /// A block, whose content means nothing.
  std::byte* take() {
    if (!keeps_blocks_) return allocate(block_bytes_).release();
    if (free_.empty()) add_piece();
    std::byte* const block = free_.back();
    free_.pop_back();
    return block;
  }

  /// `block` was taken here.
  void give_back(std::byte* block) noexcept {
    if (!keeps_blocks_) return std::free(block);
    free_.push_back(block);  // which has room for all blocks
  }

 private:
  struct free_memory {
    void operator()(std::byte* place) const noexcept { std::free(place); }
  };

  using memory = std::unique_ptr<std::byte, free_memory>;

  static constexpr std::size_t piece_bytes = std::size_t{256} << 10U;

  static memory allocate(std::size_t n_bytes) {
    memory place(static_cast<std::byte*>(std::malloc(n_bytes)));
    if (!place) throw std::bad_alloc();
    return place;
  }

  void add_piece() {
    const std::size_t n_blocks = piece_bytes / block_bytes_;
    pieces_.push_back(allocate(piece_bytes));
    free_.reserve(n_blocks * pieces_.size());
    for (std::size_t i = n_blocks; i != 0; --i)
      free_.push_back(pieces_.back().get() + (i - 1) * block_bytes_);
  }

  std::size_t block_bytes_;
  bool keeps_blocks_;
  std::vector<memory> pieces_;
  std::vector<std::byte*> free_;
};

}  // namespace rankwise::combine
